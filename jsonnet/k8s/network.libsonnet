// Names and addresses for pods, and who may reach them.
local common = import 'object.libsonnet';
local list = common.list;
local namespaced = common.namespaced;
local object = common.object;
local set = common.set;

// The container's port of the same name is the target.
local servicePort(name, value) =
  { name: name, protocol: 'TCP', targetPort: name } + (
    if std.isObject(value) then value else { port: value }
  );

local slicePort(name, value) =
  { name: name, protocol: 'TCP' } + (if std.isObject(value) then value else { port: value });

// For objects that may be about no app, or about all of them.
local labelled(name, app) = if app == null then name else app;

{
  // A stable name and address for the pods of an app; with `app=null`, for what a
  // `k8s.endpointSlice` says.
  // ports: `{grpc: 50051}`, or with more to say `{http: {port: 5000, nodePort: 31000}}`, or a list as
  // Kubernetes has it. The container's port of the same name is the target.
  service(params, name, ports=error 'k8s.service: set ports', app=name)::
    namespaced(params, 'v1', 'Service', name, labelled(name, app)) + {
      spec: {
        ports: list(ports, servicePort),
        [if app == null then null else 'selector']: common.selector(app),
        type: 'ClusterIP',
      },
    },

  // A name for each pod of an app, also for those that are not ready: pods that form a cluster
  // have to find each other before that.
  // ports: as those of `k8s.service`.
  headlessService(params, name, ports=error 'k8s.headlessService: set ports', app=name)::
    $.service(params, name, ports, app) + {
      spec+: { clusterIP: 'None', publishNotReadyAddresses: true },
    },

  // A port of every node.
  // ports: as those of `k8s.service`, `{http: {port: 5000, nodePort: 31000}}`.
  nodePortService(params, name, ports=error 'k8s.nodePortService: set ports', app=name)::
    $.service(params, name, ports, app) + { spec+: { type: 'NodePort' } },

  // An address outside of the cluster, where the cluster has somebody who gives them.
  // ports: as those of `k8s.service`.
  // sourceRanges: the ranges of addresses that may connect, such as `203.0.113.0/24`; all if empty.
  loadBalancerService(params, name, ports=error 'k8s.loadBalancerService: set ports', app=name, sourceRanges=[])::
    $.service(params, name, ports, app) + {
      spec+: { type: 'LoadBalancer', [set('loadBalancerSourceRanges', sourceRanges)]: sourceRanges },
    },

  // A name in the cluster for a host elsewhere.
  // externalName: the host's name in DNS.
  externalNameService(params, name, externalName=error 'k8s.externalNameService: set externalName')::
    namespaced(params, 'v1', 'Service', name) + { spec: { externalName: externalName, type: 'ExternalName' } },

  // The addresses behind a service that has no pods: `k8s.service(params, 'database', ports, app=null)`.
  // addresses: a list of them.
  // ports: by the names of the service's, `{postgres: 5432}`.
  // service: its name.
  // addressType: IPv4 or IPv6.
  endpointSlice(
    params,
    name,
    addresses=error 'k8s.endpointSlice: set addresses',
    ports=error 'k8s.endpointSlice: set ports',
    service=name,
    addressType='IPv4',
  ):: namespaced(params, 'discovery.k8s.io/v1', 'EndpointSlice', name, service) + {
    metadata+: { labels+: { 'kubernetes.io/service-name': service } },
    addressType: addressType,
    endpoints: [{ addresses: [address], conditions: { ready: true } } for address in addresses],
    ports: list(ports, slicePort),
  },

  // The way in from outside, by host and path.
  // hosts: from host to paths, from path to backend,
  // `{'shop.example.com': {'/': k8s.ingressBackend('web', 'http')}}`; host '' is any.
  // ingressClass: the name of an `k8s.ingressClass`, the cluster's default if not given.
  // tls: from the name of a Secret with a certificate to the hosts that it is for.
  ingress(params, name, hosts=error 'k8s.ingress: set hosts', ingressClass=null, tls={})::
    local path(path, backend) = { backend: backend, path: path, pathType: 'Prefix' };
    local rule(host, paths) = { http: { paths: list(paths, path) }, [if host == '' then null else 'host']: host };
    local certificate(secret, hosts) = { hosts: hosts, secretName: secret };
    namespaced(params, 'networking.k8s.io/v1', 'Ingress', name) + {
      spec: {
        [set('ingressClassName', ingressClass)]: ingressClass,
        rules: list(hosts, rule),
        [set('tls', tls)]: list(tls, certificate),
      },
    },

  // Where requests of an ingress go.
  // service: its name, or the Service itself, as `std.extVar` gives it.
  // port: its name or number; not needed where the Service itself is given, which means its first one.
  ingressBackend(service, port=null)::
    local given = std.isObject(service);
    local chosen =
      if port != null then port
      else if given then service.spec.ports[0].port
      else error 'k8s.ingressBackend: set port';
    {
      service: {
        name: if given then service.metadata.name else service,
        port: if std.isNumber(chosen) then { number: chosen } else { name: chosen },
      },
    },

  // A kind of way in, by who makes it.
  // controller: what it calls itself.
  ingressClass(name, controller=error 'k8s.ingressClass: set controller', app=name)::
    object('networking.k8s.io/v1', 'IngressClass', name, app) + { spec: { controller: controller } },

  // Who may connect to the pods of an app, and where these may connect to. `windlass/network_policy.libsonnet`
  // has the usual ones. Whichever of `ingress` and `egress` is given is all that is allowed; an empty list
  // allows nothing.
  // app: whose pods; those of all apps if null.
  // ingress: a list of rules as Kubernetes has them, `[{from: [...], ports: [...]}]`.
  // egress: a list of rules, `[{to: [...], ports: [...]}]`.
  networkPolicy(params, name, app=name, ingress=null, egress=null)::
    if ingress == null && egress == null then error 'k8s.networkPolicy: set ingress or egress' else
      namespaced(params, 'networking.k8s.io/v1', 'NetworkPolicy', name, labelled(name, app)) + {
        spec: {
          [set('egress', egress)]: egress,
          [set('ingress', ingress)]: ingress,
          podSelector: if app == null then {} else common.pods(app),
          policyTypes: (if ingress == null then [] else ['Ingress']) + (if egress == null then [] else ['Egress']),
        },
      },
}
