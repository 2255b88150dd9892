// The operator: it makes StatefulSets of the objects `Prometheus` and `Alertmanager`, and the settings of their
// programs of monitors and rules, which it reads in all namespaces. It writes in its own alone.
local k8s = import 'windlass/k8s.libsonnet';

local name = 'prometheus-operator';
local port = 8080;

local read = ['get', 'list', 'watch'];

// Monitors and rules of all namespaces, and what the operator says of them.
local watched = [
  'alertmanagerconfigs',
  'alertmanagers',
  'podmonitors',
  'probes',
  'prometheuses',
  'prometheusrules',
  'servicemonitors',
];

function(params, image)
  local namespace = params.environment.namespace;
  {
    'operator-service-account.json': k8s.serviceAccount(params, name),

    'operator-cluster-role.json': k8s.clusterRole('windlass-' + name, rules=[
      k8s.rule(watched, read, apiGroups=['monitoring.coreos.com']),
      k8s.rule([plural + '/status' for plural in watched], ['patch', 'update'], apiGroups=['monitoring.coreos.com']),
      // It says of a monitor or a rule what is wrong with it.
      k8s.rule(['events'], ['create', 'patch'], apiGroups=['', 'events.k8s.io']),
      k8s.rule(['namespaces'], read),
      k8s.rule(['storageclasses'], ['get'], apiGroups=['storage.k8s.io']),
    ]),

    'operator-cluster-role-binding.json': k8s.clusterRoleBinding(params, 'windlass-' + name, serviceAccount=name),

    'operator-role.json': k8s.role(params, name, rules=[
      k8s.rule(['alertmanagers/finalizers', 'prometheuses/finalizers'], ['update'], apiGroups=['monitoring.coreos.com']),
      k8s.rule(['alertmanagers', 'prometheuses'], ['patch', 'update'], apiGroups=['monitoring.coreos.com']),
      k8s.rule(['statefulsets'], read + ['create', 'delete', 'patch', 'update'], apiGroups=['apps']),
      k8s.rule(['configmaps', 'secrets', 'services'], read + ['create', 'delete', 'patch', 'update']),
      k8s.rule(['services/finalizers'], ['update']),
      k8s.rule(['pods'], ['delete', 'list']),
    ]),

    'operator-role-binding.json': k8s.roleBinding(params, name),

    'operator-deployment.json': k8s.deployment(
      params,
      name,
      containers=[k8s.container(
        name,
        image=image('prometheus-operator'),
        args=[
          // It asks for the Secrets that such settings name, and may read those of its own namespace alone.
          '--alertmanager-config-namespaces=' + namespace,
          '--alertmanager-instance-namespaces=' + namespace,
          '--kubelet-endpoints=false',
          '--prometheus-instance-namespaces=' + namespace,
          '--thanos-ruler-instance-namespaces=' + namespace,
          '--web.listen-address=:%d' % port,
        ],
        ports={ http: port },
        readiness=k8s.probe.http('http', path='/healthz') + { periodSeconds: 1 },
        liveness=k8s.probe.http('http', path='/healthz'),
      )],
      serviceAccount=name,
    ) + k8s.podSpec({ automountServiceAccountToken: true }),
  }
