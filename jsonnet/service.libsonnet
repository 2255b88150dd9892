// A service from one call: its Deployment, its Service, and what keeps it up.
//
//   local k8s = import 'windlass/k8s.libsonnet';
//   local service = import 'windlass/service.libsonnet';
//
//   function(params) service.grpc(params, 'server', port=50051, container=k8s.container(
//     'server',
//     args=['--port', '50051'],
//   ))
//
// The result is an object of files: `budget.json` (PodDisruptionBudget), `deployment.json`, `service.json`;
// with maxReplicas `autoscaler.json` (HorizontalPodAutoscaler) too, with clients or calls
// `network-policy.json` (NetworkPolicy). Each is overridden as any object is:
// `service.grpc(...) + { 'deployment.json'+: k8s.podSpec({ ... }) }`.
//
// Pods are spread over nodes and zones, go on serving for five seconds after they are told to end, and
// leave one at a time when nodes are drained. What the container says itself holds.
//
// Without clients and calls the namespace's policies decide: where there are none everybody may connect, beside
// `networkPolicy.defaultDeny` nobody.
local k8s = import 'k8s.libsonnet';
local common = import 'k8s/object.libsonnet';
local networkPolicy = import 'network_policy.libsonnet';

// Whether a port of the container is the service's own, which it may say too.
local isOwn(what, own, port) =
  local name = std.get(port, 'name', error '%s: port %s of the container has no name' % [what, port.containerPort]);
  local number(port) = '%s/%s' % [port.containerPort, std.get(port, 'protocol', 'TCP')];
  local same = name == own.name;
  // A Service takes neither a name nor a number twice.
  if same == (number(port) == number(own)) then same
  else error '%s: got port `%s` %s of the container beside `%s` %s of the service, want another name and number' % [
    what,
    name,
    number(port),
    own.name,
    number(own),
  ];

// The container with the port, and with probes where it has none.
local serving(container, protocol, port, readiness) =
  local own = k8s.container('', ports={ [protocol]: port }).ports[0];
  local ports = std.get(container, 'ports', []);
  local said = [other for other in ports if isOwn('service.' + protocol, own, other)];
  local others = [other for other in ports if !std.member(said, other)];
  k8s.preStop.sleep(5)
  + { livenessProbe: k8s.probe.tcp(protocol), readinessProbe: readiness }
  + container
  + { ports: (if said == [] then [own] else said) + others };

// The Service's ports, in the order of the container's: its own is the first.
local portsOf(container) = [
  {
    name: port.name,
    port: port.containerPort,
    protocol: std.get(port, 'protocol', 'TCP'),
    targetPort: port.name,
  }
  for port in container.ports
];

// Pods that are not ready serve nobody, and need not stay for a budget.
local budget(params, name) = k8s.podDisruptionBudget(params, name) + {
  spec+: { unhealthyPodEvictionPolicy: 'AlwaysAllow' },
};

local spread(name) = k8s.podSpec({
  topologySpreadConstraints: [
    k8s.spread(name),
    k8s.spread(name, topologyKey='topology.kubernetes.io/zone'),
  ],
});

local policy(params, name, service, clients, calls) = k8s.networkPolicy(
  params,
  name,
  ingress=if clients != null then networkPolicy.allowFrom(params, name, service, clients).spec.ingress,
  egress=if calls != null then
    networkPolicy.allowDns(params).spec.egress + networkPolicy.allowTo(params, name, calls).spec.egress,
);

// deployment: without replicas.
local files(what, params, name, deployment, replicas, maxReplicas, clients, calls) = {
  local ports = portsOf(deployment.spec.template.spec.containers[0]),
  local service = k8s.service(params, name, ports),
  'budget.json': budget(params, name),
  'deployment.json': deployment + spread(name) + {
    spec+: { [if maxReplicas == null then 'replicas']: replicas },
  },
  'service.json': service,
  [if maxReplicas != null then 'autoscaler.json']: k8s.horizontalPodAutoscaler(
    params,
    name,
    maxReplicas=common.atLeast(what + ': maxReplicas', maxReplicas, 'replicas', replicas),
    minReplicas=replicas,
  ),
  [if clients != null || calls != null then 'network-policy.json']:
    policy(params, name, service, clients, calls),
};

{
  // A service that speaks gRPC. It is ready when its health service says so; to be alive it only has to
  // take connections, so that an outage of what it calls restarts nobody.
  // port: on which the program listens, a number.
  // container: of the program. Its ports are the Service's too, after the service's own.
  // replicas: how many pods, or the fewest where there is maxReplicas.
  // maxReplicas: no more pods than these, and no fewer than replicas, by how busy they are; null: always as many.
  // clients: a list of who may connect, as `networkPolicy.allowFrom` has it; null: no policy of its own.
  // calls: a list of the Services, as rendered, that the pods may connect to; null: no policy of its own.
  grpc(
    params,
    name,
    port=error 'service.grpc: set port',
    container=k8s.container(name),
    replicas=2,
    maxReplicas=null,
    clients=null,
    calls=null,
    initContainers=[],
    podAnnotations={},
    serviceAccount=null,
    volumes=[],
  )::
    local deployment = k8s.deployment(
      params,
      name,
      containers=[serving(container, 'grpc', port, k8s.probe.grpc(port))],
      replicas=null,
      initContainers=initContainers,
      podAnnotations=podAnnotations,
      serviceAccount=serviceAccount,
      volumes=volumes,
    );
    files('service.grpc', params, name, deployment, replicas, maxReplicas, clients, calls),

  // A service that speaks HTTP. It is ready when a page of it says so; to be alive it only has to take
  // connections.
  // port: on which the program listens, a number.
  // container: of the program. Its ports are the Service's too, after the service's own.
  // readyPath: of the page.
  // replicas: how many pods, or the fewest where there is maxReplicas.
  // maxReplicas: no more pods than these, and no fewer than replicas, by how busy they are; null: always as many.
  // clients: a list of who may connect, as `networkPolicy.allowFrom` has it; null: no policy of its own.
  // calls: a list of the Services, as rendered, that the pods may connect to; null: no policy of its own.
  http(
    params,
    name,
    port=error 'service.http: set port',
    container=k8s.container(name),
    readyPath='/',
    replicas=2,
    maxReplicas=null,
    clients=null,
    calls=null,
    initContainers=[],
    podAnnotations={},
    serviceAccount=null,
    volumes=[],
  )::
    local deployment = k8s.deployment(
      params,
      name,
      containers=[serving(container, 'http', port, k8s.probe.http('http', path=readyPath))],
      replicas=null,
      initContainers=initContainers,
      podAnnotations=podAnnotations,
      serviceAccount=serviceAccount,
      volumes=volumes,
    );
    files('service.http', params, name, deployment, replicas, maxReplicas, clients, calls),
}
