local k8s = import 'windlass/k8s.libsonnet';

function(params) {
  'config.json': k8s.configMap(params, 'web', data={ a: 'b' }),
}
