// A program that ends at once: its arguments are wrong.
local k8s = import 'windlass/k8s.libsonnet';

function(params) {
  'deployment.json': k8s.deployment(params, 'broken', containers=[
    k8s.container('broken', image='client', args=['--server', 'no-port']),
  ]),
}
