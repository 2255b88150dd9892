// Each object of a person's namespace says who owns it.
function(object, context)
  local annotations = std.get(object.metadata, 'annotations', {});
  if !context.environment.personal || std.objectHas(annotations, 'team') then []
  else ['metadata.annotations.team: say which team owns it']
