// The server: gRPC, ready only while Redis answers.
local k8s = import 'windlass/k8s.libsonnet';
local redis = std.extVar('//services/redis').service;

local name = 'server';
local port = 50001;
local metrics = 9464;  // the program's default

function(params) {
  'service.json': k8s.service(params, name, ports={ grpc: port }),

  'deployment.json': k8s.deployment(params, name, containers=[
    k8s.container(
      'server',
      args=[
        '--port',
        std.toString(port),
        '--redis',
        '%s:%d' % [redis.metadata.name, redis.spec.ports[0].port],
      ],
      ports={ grpc: port, metrics: metrics },
      readiness=k8s.probe.grpc(port, service='readiness') + { periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 1 },
      // Only the process: an outage of Redis restarts nobody.
      liveness=k8s.probe.grpc(port, service='liveness') + { periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 6 },
      requests={ cpu: '20m', memory: '32Mi' },
    ),
  ]),
}
