// One pod that runs whatever else is there or not.
local k8s = import 'windlass/k8s.libsonnet';

function(params, called) {
  'deployment.json': k8s.deployment(params, called, containers=[
    k8s.container(called, image='client', args=['--server', 'nowhere:50001']),
  ]),
}
