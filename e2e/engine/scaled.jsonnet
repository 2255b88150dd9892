// One program, as many times as somebody likes.
local k8s = import 'windlass/k8s.libsonnet';

function(params) {
  'deployment.json': k8s.deployment(params, 'scaled', containers=[k8s.container('app')]),
}
