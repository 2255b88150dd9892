{ value: std.extVar('value') }
