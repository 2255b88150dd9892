// A text in another namespace, and an object in none.
local k8s = import 'windlass/k8s.libsonnet';

function(params) {
  'config.json': k8s.configMap(params, 'elsewhere', data={ text: 'not alice' }),
  'cluster-role.json': k8s.clusterRole('elsewhere', rules=[k8s.rule(['nodes'], ['get'])]),
}
