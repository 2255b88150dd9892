// The usual NetworkPolicies: nothing is allowed, but for what is said to be.
//
//   local networkPolicy = import 'windlass/network_policy.libsonnet';
//   local redis = std.extVar('//services/redis').service;
//
//   function(params) {
//     'to-redis.json': networkPolicy.allowTo(params, 'server-to-redis', app='server', services=[redis]),
//   }
//
// Policies add up: what one of them allows is allowed. A pod that no policy is about may do anything, so
// a namespace wants `networkPolicy.defaultDeny` once, and `networkPolicy.allowDns` with it.
local k8s = import 'k8s.libsonnet';

// A Service whose pods are known.
// hint: what to do about another one.
local checked(what, service, hint='') =
  if std.objectHas(service.spec, 'selector') then service
  else error '%s: Service `%s` has no selector, so its pods are not known%s' % [what, service.metadata.name, hint];

// The ports on which the pods behind a Service listen.
local listening(service) = [
  { port: std.get(port, 'targetPort', port.port), protocol: std.get(port, 'protocol', 'TCP') }
  for port in service.spec.ports
];

local inNamespace(namespace) = {
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
};

// The pods behind a Service. Their namespace is named only where it is another one.
local behind(params, service) =
  { podSelector: { matchLabels: service.spec.selector } } + (
    if service.metadata.namespace == params.environment.namespace then {}
    else inNamespace(service.metadata.namespace)
  );

{
  // No pod of the namespace may connect to anything, and nothing to it.
  defaultDeny(params, name='default-deny'):: k8s.networkPolicy(params, name, app=null, ingress=[], egress=[]),

  // Pods may look up names. The DNS of the cluster is where it usually is: pods with the label
  // `k8s-app: kube-dns` in kube-system.
  // app: whose pods; those of all apps if null.
  allowDns(params, name='allow-dns', app=null)::
    local dns = inNamespace('kube-system') + { podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } };
    k8s.networkPolicy(params, name, app=app, egress=[
      { to: [dns], ports: [$.port(53, protocol='UDP'), $.port(53)] },
    ]),

  // Others may connect to the pods behind a Service, on its ports.
  // service: the Service, as rendered.
  // clients: a list of who may: names of apps, or what `networkPolicy.pods`, `networkPolicy.namespace` and
  // `networkPolicy.addresses` give.
  allowFrom(
    params,
    name,
    service=error 'networkPolicy.allowFrom: set service',
    clients=error 'networkPolicy.allowFrom: set clients',
  )::
    local known = checked('networkPolicy.allowFrom', service);
    local wrong = 'networkPolicy.allowFrom: Service `%s` is in namespace `%s`, want `%s`';
    local at = [known.metadata.name, known.metadata.namespace, params.environment.namespace];
    local peers = std.map(function(client) if std.isString(client) then $.pods(client) else client, clients);
    if at[1] != at[2] then error wrong % at else
      // A rule without peers would let everybody in.
      k8s.networkPolicy(params, name, app=null, ingress=if peers == [] then [] else [
        { from: peers, ports: listening(known) },
      ]) + { spec+: { podSelector: { matchLabels: known.spec.selector } } },

  // The pods of an app may connect to the pods behind Services, on their ports.
  // services: a list of Services, as rendered: `std.extVar('//services/redis').service`.
  allowTo(params, name, services=error 'networkPolicy.allowTo: set services', app=name)::
    local byAddress = '; allow its addresses by a `k8s.networkPolicy` with `networkPolicy.addresses`';
    local rule(service) =
      local known = checked('networkPolicy.allowTo', service, byAddress);
      { to: [behind(params, known)], ports: listening(known) };
    k8s.networkPolicy(params, name, app=app, egress=std.map(rule, services)),

  // The pods of an app: in the same namespace, or in another.
  // namespace: its name.
  pods(app, namespace=null)::
    { podSelector: { matchLabels: { 'app.kubernetes.io/name': app } } }
    + (if namespace == null then {} else inNamespace(namespace)),

  // All pods of a namespace.
  // name: of the namespace.
  namespace(name):: inNamespace(name),

  // A range of addresses outside of the cluster.
  // cidr: such as `203.0.113.0/24`.
  // except: ranges in it that are left out.
  addresses(cidr, except=[]):: { ipBlock: { cidr: cidr, [if except == [] then null else 'except']: except } },

  // A port, in rules of `k8s.networkPolicy`.
  // port: its number, or the name that the container gives it.
  // protocol: TCP, UDP or SCTP.
  port(port, protocol='TCP'):: { port: port, protocol: protocol },
}
