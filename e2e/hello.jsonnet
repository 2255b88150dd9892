// One pod that runs whatever else is there or not.
local k8s = import 'windlass/k8s.libsonnet';

function(params) {
  'deployment.json': k8s.deployment(params, 'hello', containers=[
    k8s.container('hello', image='client', args=['--server', 'nowhere:50001']),
  ]),
}
