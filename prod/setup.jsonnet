// What a cluster needs before any service, besides the namespaces of the environments.
local registry = import 'prod/registry.libsonnet';
local storage = import 'prod/storage.libsonnet';

function(params) registry(params) + storage(params)
