function(object, context) []
