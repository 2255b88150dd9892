// A service in Python: it says how far two places are apart.
local k8s = import 'windlass/k8s.libsonnet';

local name = 'python';
local port = 8080;

function(params) {
  'service.json': k8s.service(params, name, ports={ http: port }),

  'deployment.json': k8s.deployment(params, name, containers=[
    k8s.container(
      name,
      args=['--port', std.toString(port)],
      ports={ http: port },
      readiness=k8s.probe.http('http', path='/ready') + { periodSeconds: 1 },
      requests={ cpu: '10m', memory: '32Mi' },
    ),
  ]),
}
