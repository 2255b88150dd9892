// What the API server knows of objects, as metrics: how many replicas are there, which pods wait.
local k8s = import 'windlass/k8s.libsonnet';
local monitoring = import 'windlass/monitoring.libsonnet';

local name = 'kube-state-metrics';
local port = 8080;

// API group -> what is told of.
local resources = {
  '': ['namespaces', 'nodes', 'persistentvolumeclaims', 'pods'],
  apps: ['daemonsets', 'deployments', 'replicasets', 'statefulsets'],
  autoscaling: ['horizontalpodautoscalers'],
  batch: ['cronjobs', 'jobs'],
  policy: ['poddisruptionbudgets'],
};

function(params, image)
  local deployment = k8s.deployment(
    params,
    name,
    containers=[k8s.container(
      name,
      image=image(name),
      args=[
        '--port=%d' % port,
        '--resources=' + std.join(',', std.set(std.flattenArrays(std.objectValues(resources)))),
      ],
      ports={ metrics: port },
      readiness=k8s.probe.http('metrics', path='/healthz'),
    )],
    serviceAccount=name,
  ) + k8s.podSpec({ automountServiceAccountToken: true });
  {
    'kube-state-metrics-service-account.json': k8s.serviceAccount(params, name),

    'kube-state-metrics-role.json': k8s.clusterRole('windlass-' + name, rules=[
      k8s.rule(resources[group], ['list', 'watch'], apiGroups=[group])
      for group in std.objectFields(resources)
    ]),

    'kube-state-metrics-role-binding.json': k8s.clusterRoleBinding(params, 'windlass-' + name, serviceAccount=name),

    'kube-state-metrics-deployment.json': deployment,

    'kube-state-metrics-monitor.json': monitoring.podMonitor(params, name, pods=deployment) + {
      // Its series are of objects of all namespaces, and say which.
      spec+: { podMetricsEndpoints: [endpoint { honorLabels: true } for endpoint in super.podMetricsEndpoints] },
    },
  }
