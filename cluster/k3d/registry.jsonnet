// The objects of the local registry that have its address.
local registry = import 'prod/registry.libsonnet';

function(params)
  local objects = registry(params);
  { [name]: objects[name] for name in ['registry-hosting.json', 'registry-service.json'] }
