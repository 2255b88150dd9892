// Every function of service.libsonnet, network_policy.libsonnet and agent.libsonnet, with defaults and with all that they take.
local agent = import 'windlass/agent.libsonnet';
local k8s = import 'windlass/k8s.libsonnet';
local networkPolicy = import 'windlass/network_policy.libsonnet';
local service = import 'windlass/service.libsonnet';

function(params)
  local redis = k8s.service(params, 'redis', ports={ redis: 6379 });
  local metrics = k8s.service(k8s.inNamespace(params, 'monitoring'), 'metrics', ports=[
    { name: 'http', port: 80, targetPort: 8080 },
    { name: 'udp', port: 90, protocol: 'UDP' },
  ]);
  {
    'agents.json': {
      applying: agent.applying(
        k8s.inNamespace(params, 'windlass-agent'),
        'prod',
        image='agent',
        remote='https://git.example/shop',
        roles=['windlass:services.client:prod-deep'],
      ),
      applying_all: agent.applying(
        k8s.inNamespace(params, 'windlass-agent'),
        'staging',
        image='agent',
        remote='https://git.example/shop',
        roles=['windlass:prod:one', 'windlass:prod:two'],
        envNamespace='shop-staging',
        args=['--drift=1h'],
        credentials='agent-git',
        registryCredentials='agent-registry',
        storage='10Gi',
      ),
    },
    'services.json': {
      grpc: service.grpc(params, 'server', port=50051),
      grpc_all: service.grpc(
        params,
        'server',
        port=50051,
        container=k8s.container(
          'server',
          image='backend',
          args=['--port', '50051'],
          ports={ metrics: 9090 },
          mounts=[k8s.mount('cache', '/cache')],
          readiness=k8s.probe.grpc(50051, service='readiness') + { periodSeconds: 1 },
          liveness=k8s.probe.grpc(50051, service='liveness'),
        ) + k8s.preStop.sleep(1),
        replicas=3,
        maxReplicas=10,
        clients=['client'],
        calls=[redis],
        initContainers=[k8s.sidecar(k8s.container('proxy'))],
        podAnnotations={ 'example.com/why': 'testing' },
        serviceAccount='server',
        volumes=[k8s.volume.emptyDir('cache')],
      ),
      http: service.http(params, 'web', port=8080),
      http_all: service.http(
        params,
        'web',
        port=8080,
        container=k8s.container('web', args=['--port', '8080'], ports={ admin: 8081, http: 8080 }),
        readyPath='/ready',
        replicas=1,
        maxReplicas=2,
        clients=[networkPolicy.namespace('ingress')],
      ),
    },
    'network_policies.json': [
      networkPolicy.defaultDeny(params),
      networkPolicy.defaultDeny(params, 'deny'),
      networkPolicy.allowDns(params),
      networkPolicy.allowDns(params, 'client-dns', app='client'),
      networkPolicy.allowFrom(params, 'redis', service=redis, clients=[
        'server',
        networkPolicy.pods('prometheus', namespace='monitoring'),
        networkPolicy.namespace('backup'),
        networkPolicy.addresses('203.0.113.0/24', except=['203.0.113.7/32']),
        networkPolicy.addresses('198.51.100.0/24'),
      ]),
      networkPolicy.allowFrom(params, 'nobody', service=redis, clients=[]),
      networkPolicy.allowTo(params, 'server', services=[redis, metrics]),
      networkPolicy.allowTo(params, 'client-to-redis', services=[redis], app='client'),
      k8s.networkPolicy(params, 'mail', egress=[
        {
          to: [networkPolicy.pods('mail')],
          ports: [networkPolicy.port('smtp'), networkPolicy.port(53, protocol='UDP')],
        },
      ]),
    ],
  }
