// Grafana, for whoever can reach it, to look and not to change: no login, no account. Its dashboards are the ConfigMaps
// with the label `grafana_dashboard` in all namespaces, which its sidecar brings to it.
local k8s = import 'windlass/k8s.libsonnet';

local name = 'grafana';
local port = 3000;

// As files of Grafana's provisioning: https://grafana.com/docs/grafana/latest/administration/provisioning/
local provisioning = {
  'datasources.yaml': {
    apiVersion: 1,
    datasources: [{
      access: 'proxy',
      isDefault: true,
      name: 'Prometheus',
      type: 'prometheus',
      // What dashboards call it.
      uid: 'prometheus',
      url: 'http://prometheus:9090',
    }],
  },
  'dashboards.yaml': {
    apiVersion: 1,
    providers: [{ name: 'services', options: { path: '/dashboards' }, type: 'file' }],
  },
};

function(params, image)
  local config = k8s.configMap(params, name, data={ [file]: std.manifestJson(provisioning[file]) for file in std.objectFields(provisioning) });
  {
    'grafana-service-account.json': k8s.serviceAccount(params, name),

    // All ConfigMaps: a right cannot be given by label.
    'grafana-role.json': k8s.clusterRole('windlass-grafana', rules=[k8s.rule(['configmaps'], ['get', 'list', 'watch'])]),

    'grafana-role-binding.json': k8s.clusterRoleBinding(params, 'windlass-grafana', serviceAccount=name),

    'grafana-config.json': config,

    'grafana-deployment.json': k8s.deployment(
      params,
      name,
      containers=[
        k8s.container(
          name,
          image=image('grafana'),
          env={
            GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
            GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
            GF_ANALYTICS_REPORTING_ENABLED: 'false',
            GF_AUTH_ANONYMOUS_ENABLED: 'true',
            GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
            GF_AUTH_BASIC_ENABLED: 'false',
            GF_AUTH_DISABLE_LOGIN_FORM: 'true',
            GF_PATHS_PROVISIONING: '/etc/grafana/provisioning',
          },
          ports={ http: port },
          mounts=[
            k8s.mount('config', '/etc/grafana/provisioning/datasources/datasources.yaml') + { readOnly: true, subPath: 'datasources.yaml' },
            k8s.mount('config', '/etc/grafana/provisioning/dashboards/dashboards.yaml') + { readOnly: true, subPath: 'dashboards.yaml' },
            k8s.mount('dashboards', '/dashboards') + { readOnly: true },
            k8s.mount('data', '/var/lib/grafana'),
            k8s.mount('logs', '/var/log/grafana'),
            k8s.mount('temporary', '/tmp'),
          ],
          readiness=k8s.probe.http('http', path='/api/health'),
          liveness=k8s.probe.http('http', path='/api/health') + { failureThreshold: 10 },
          requests={ cpu: '50m', memory: '128Mi' },
        ),
        k8s.container(
          'dashboards',
          image=image('grafana-sidecar'),
          env={
            FOLDER: '/dashboards',
            LABEL: 'grafana_dashboard',
            METHOD: 'WATCH',
            NAMESPACE: 'ALL',
            RESOURCE: 'configmap',
          },
          mounts=[k8s.mount('dashboards', '/dashboards'), k8s.mount('temporary', '/tmp')],
        ),
      ],
      podAnnotations=k8s.configHash(config),
      serviceAccount=name,
      volumes=[
        k8s.volume.configMap('config', config.metadata.name),
        k8s.volume.emptyDir('dashboards'),
        k8s.volume.emptyDir('data'),
        k8s.volume.emptyDir('logs'),
        k8s.volume.emptyDir('temporary'),
      ],
    ) + k8s.podSpec({ automountServiceAccountToken: true }),

    'grafana-service.json': k8s.service(params, name, ports={ http: port }),
  }
