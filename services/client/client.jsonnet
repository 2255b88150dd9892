// The client: it asks the server, again and again, and logs the answers.
local k8s = import 'windlass/k8s.libsonnet';

// server: its Service as rendered, that of //services/server if not given.
function(params, server=std.extVar('//services/server').service) {
  'deployment.json': k8s.deployment(params, 'client', containers=[
    k8s.container(
      'client',
      args=['--server', '%s:%d' % [server.metadata.name, server.spec.ports[0].port]],
      ports={ metrics: 9464 },  // the program's default
      requests={ cpu: '10m', memory: '32Mi' },
    ),
  ]),
}
