function(value) { value: value }
