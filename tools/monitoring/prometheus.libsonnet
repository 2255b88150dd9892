// Prometheus and Alertmanager, as their operator takes them. Containers here are merged with those that it makes, by name:
// so images are those of the constants, or built here, and not those that the operator was released with.
local k8s = import 'windlass/k8s.libsonnet';

local api = 'monitoring.coreos.com/v1';

// The pods of both meet the standard `restricted`.
local securityContext = {
  fsGroup: 65532,
  runAsGroup: 65532,
  runAsNonRoot: true,
  runAsUser: 65532,
  seccompProfile: { type: 'RuntimeDefault' },
};

local requests(cpu, memory) = { requests: { cpu: cpu, memory: memory } };

local custom(params, kind, name) = {
  apiVersion: api,
  kind: kind,
  metadata: {
    labels: { 'app.kubernetes.io/name': name },
    name: name,
    namespace: params.environment.namespace,
  },
};

local storage(settings) = if settings.storage == '' then null else {
  volumeClaimTemplate: {
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: settings.storage } },
    },
  },
};

// The operator makes its Services headless, for itself; these are for people and for pods.
local service(params, name, port) = k8s.service(params, name, ports={
  http: { port: port, targetPort: 'web' },
});

function(params, image, settings)
  local reloader(name) = { image: image('prometheus-config-reloader'), name: name };
  {
    'prometheus-service-account.json': k8s.serviceAccount(params, 'prometheus'),

    // It finds pods in all namespaces.
    'prometheus-role.json': k8s.clusterRole('windlass-prometheus', rules=[
      k8s.rule(['pods', 'services'], ['get', 'list', 'watch']),
      k8s.rule(['endpointslices'], ['get', 'list', 'watch'], apiGroups=['discovery.k8s.io']),
    ]),

    'prometheus-role-binding.json': k8s.clusterRoleBinding(params, 'windlass-prometheus', serviceAccount='prometheus'),

    'prometheus.json': custom(params, 'Prometheus', 'prometheus') + {
      spec: {
        alerting: {
          alertmanagers: [{ name: 'alertmanager-operated', namespace: params.environment.namespace, port: 'web' }],
        },
        containers: [{ image: image('prometheus'), name: 'prometheus' }, reloader('config-reloader')],
        // A rule sees its own namespace, and so do its alerts.
        enforcedNamespaceLabel: 'namespace',
        excludedFromEnforcement: [
          // What kube-state-metrics tells is of all namespaces.
          { group: 'monitoring.coreos.com', namespace: params.environment.namespace, resource: 'podmonitors' },
        ],
        evaluationInterval: settings.interval,
        initContainers: [reloader('init-config-reloader')],
        podMonitorNamespaceSelector: {},
        podMonitorSelector: {},
        probeNamespaceSelector: {},
        probeSelector: {},
        replicas: 1,
        resources: requests('100m', '256Mi'),
        retention: settings.retention,
        ruleNamespaceSelector: {},
        ruleSelector: {},
        scrapeInterval: settings.interval,
        securityContext: securityContext,
        serviceAccountName: 'prometheus',
        // Endpoints are deprecated.
        serviceDiscoveryRole: 'EndpointSlice',
        serviceMonitorNamespaceSelector: {},
        serviceMonitorSelector: {},
        [if settings.storage == '' then null else 'storage']: storage(settings),
      },
    },

    'prometheus-service.json': service(params, 'prometheus', 9090),

    'alertmanager.json': custom(params, 'Alertmanager', 'alertmanager') + {
      spec: {
        // Settings are of this namespace, and about the alerts of all.
        alertmanagerConfigMatcherStrategy: { type: 'None' },
        alertmanagerConfigSelector: {},
        automountServiceAccountToken: false,
        containers: [{ image: image('alertmanager'), name: 'alertmanager' }, reloader('config-reloader')],
        initContainers: [reloader('init-config-reloader')],
        replicas: 1,
        resources: requests('10m', '64Mi'),
        securityContext: securityContext,
        [if settings.storage == '' then null else 'storage']: storage(settings),
      },
    },

    'alertmanager-service.json': service(params, 'alertmanager', 9093),

    // It watches itself.
    'prometheus-monitor.json': {
      apiVersion: api,
      kind: 'PodMonitor',
      metadata: custom(params, 'PodMonitor', 'prometheus').metadata,
      spec: {
        jobLabel: 'app.kubernetes.io/name',
        podMetricsEndpoints: [{ port: 'web' }],
        selector: {
          matchExpressions: [{
            key: 'app.kubernetes.io/name',
            operator: 'In',
            values: ['alertmanager', 'prometheus'],
          }],
        },
      },
    },
  }
