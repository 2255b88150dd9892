// Any field of a constructor's result can be overridden, at any depth, and the rest stays.
local k8s = import 'windlass/k8s.libsonnet';
local service = import 'windlass/service.libsonnet';

function(params)
  local container = k8s.container('client') + {
    securityContext+: { readOnlyRootFilesystem: false },
    resources+: { requests+: { memory: '1Gi' } },
  };
  local deployment = k8s.deployment(params, 'client', containers=[container])
                     + k8s.podSpec({ automountServiceAccountToken: true })
                     + {
                       metadata+: { labels+: { team: 'maps' } },
                       spec+: { replicas: 5 },
                     };
  local pod = deployment.spec.template.spec;
  local hosted = k8s.podSpec({ hostname: 'x' }) + k8s.runAs(7);
  local spec = k8s.pod(params, 'once', containers=[container]) + hosted;
  local cron = k8s.cronJob(params, 'cron', schedule='@daily', containers=[container]) + hosted;
  local files = service.grpc(params, 'server', port=50051, container=k8s.container(
    'server',
    ports={ admin: 9090 },
    readiness=k8s.probe.http('admin'),
  )) + { 'deployment.json'+: hosted { spec+: { replicas: 5 } } };
  local overridden(pod) =
    std.assertEqual(pod.hostname, 'x') &&
    std.assertEqual(pod.securityContext.runAsUser, 7) &&
    std.assertEqual(pod.securityContext.fsGroup, 7) &&
    std.assertEqual(pod.securityContext.runAsNonRoot, true) &&
    std.assertEqual(pod.automountServiceAccountToken, false);
  std.assertEqual(deployment.spec.replicas, 5) &&
  std.assertEqual(deployment.metadata.labels, { 'app.kubernetes.io/name': 'client', team: 'maps' }) &&
  std.assertEqual(deployment.metadata.namespace, params.environment.namespace) &&
  std.assertEqual(deployment.spec.selector.matchLabels, { 'app.kubernetes.io/name': 'client' }) &&
  std.assertEqual(pod.automountServiceAccountToken, true) &&
  std.assertEqual(pod.securityContext.runAsNonRoot, true) &&
  std.assertEqual(pod.containers[0].securityContext.readOnlyRootFilesystem, false) &&
  std.assertEqual(pod.containers[0].securityContext.allowPrivilegeEscalation, false) &&
  std.assertEqual(pod.containers[0].resources.requests, { cpu: '50m', memory: '1Gi' }) &&
  overridden(spec.spec) &&
  overridden(cron.spec.jobTemplate.spec.template.spec) &&
  std.assertEqual(std.objectHas(cron.spec, 'template'), false) &&
  overridden(files['deployment.json'].spec.template.spec) &&
  std.assertEqual(files['deployment.json'].spec.replicas, 5) &&
  // What the container says itself holds, and the rest is added to it.
  local serving = files['deployment.json'].spec.template.spec.containers[0];
  std.assertEqual(std.objectFields(serving.readinessProbe), ['httpGet']) &&
  std.assertEqual(std.objectFields(serving.livenessProbe), ['tcpSocket']) &&
  std.assertEqual([port.name for port in serving.ports], ['grpc', 'admin']) &&
  std.assertEqual([port.port for port in files['service.json'].spec.ports], [50051, 9090]) &&
  // The service's own port may stand at the container too; the others keep their order.
  local quic = { name: 'quic', containerPort: 443, protocol: 'UDP' };
  local debug = { name: 'debug', containerPort: 9229 };
  local https = { name: 'http', containerPort: 443, hostPort: 443 };
  local web = service.http(params, 'web', port=443, container=k8s.container('web', ports=[quic, debug, https]));
  std.assertEqual([port.name for port in web['service.json'].spec.ports], ['http', 'quic', 'debug']) &&
  std.assertEqual(web['deployment.json'].spec.template.spec.containers[0].ports, [https, quic, debug]) &&
  std.assertEqual(k8s.ingressBackend(web['service.json']).service.port, { number: 443 }) &&
  // What has a limit and no request of its own requests the limit.
  local tiny = k8s.container('tiny', requests={ cpu: '10m' }, limits={ cpu: '20m', memory: '32Mi' });
  std.assertEqual(tiny.resources, {
    limits: { cpu: '20m', memory: '32Mi' },
    requests: { cpu: '10m', memory: '32Mi' },
  }) &&
  std.assertEqual(k8s.container('free', limits=null).resources, { requests: { cpu: '50m', memory: '64Mi' } }) &&
  // What is null is left out, here and in all that is given by name.
  local quiet = k8s.container('quiet', env={ LEVEL: null, PORT: 1 }, ports={ debug: null });
  std.assertEqual(quiet.env, [{ name: 'PORT', value: '1' }]) &&
  std.assertEqual(std.objectHas(quiet, 'ports'), false) &&
  std.assertEqual(std.objectHas(k8s.container('quiet', env={ LEVEL: null }), 'env'), false) &&
  std.assertEqual(std.objectHas(k8s.container('quiet', env=null), 'env'), false) &&
  // A label too, where the name cannot be its value.
  local long = std.repeat('x', 64);
  local settings = k8s.configMap(params, long, data={}) + { metadata+: { labels+: { 'app.kubernetes.io/name': 'x' } } };
  std.assertEqual(settings.metadata.labels, { 'app.kubernetes.io/name': 'x' }) &&
  // Other measures can stand alone.
  local queue = k8s.horizontalPodAutoscaler(params, 'queue', maxReplicas=2, cpu=null) + { spec+: { metrics: ['x'] } };
  std.assertEqual(queue.spec.metrics, ['x']) &&
  // An autoscaler decides how many there are.
  std.assertEqual(std.objectHas(k8s.deployment(params, 'a', [container], replicas=null).spec, 'replicas'), false)
