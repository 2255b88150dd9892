// The same, and a set with a claim.
local app = import 'app.jsonnet';
local k8s = import 'windlass/k8s.libsonnet';

local container = k8s.container('store', 'app', mounts=[k8s.mount('data', '/data')]);
local volumes = [k8s.volume.claim('data', 'store')];

function(params, called) app(params, called) + {
  'set.json': k8s.statefulSet(params, 'store', containers=[container], volumes=volumes),
  'nodes.json': k8s.headlessService(params, 'store', ports={ none: 1 }),
  'claim.json': k8s.persistentVolumeClaim(params, 'store', storage='1Mi'),
}
