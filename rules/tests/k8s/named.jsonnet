// No object is called after its kind.
function(object, context)
  if object.metadata.name != std.asciiLower(object.kind) then []
  else ['metadata.name: got the kind of the object, want what it is for']
