// The namespace of one environment.
local k8s = import 'windlass/k8s.libsonnet';

function(params) {
  'namespace.json': k8s.namespace(params.environment.namespace) + {
    metadata+: {
      annotations: { 'windlass.dev/environment': params.environment.name } + (
        // The tool adds who it belongs to.
        if params.environment.personal then { 'windlass.dev/personal': 'true' } else {}
      ),
    },
  },
}
