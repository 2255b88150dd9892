// Any field of a constructor's result can be overridden, at any depth, and the rest stays.
local k8s = import 'windlass/k8s.libsonnet';

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
  std.assertEqual(deployment.spec.replicas, 5) &&
  std.assertEqual(deployment.metadata.labels, { 'app.kubernetes.io/name': 'client', team: 'maps' }) &&
  std.assertEqual(deployment.metadata.namespace, params.environment.namespace) &&
  std.assertEqual(deployment.spec.selector.matchLabels, { 'app.kubernetes.io/name': 'client' }) &&
  std.assertEqual(pod.automountServiceAccountToken, true) &&
  std.assertEqual(pod.securityContext.runAsNonRoot, true) &&
  std.assertEqual(pod.containers[0].securityContext.readOnlyRootFilesystem, false) &&
  std.assertEqual(pod.containers[0].securityContext.allowPrivilegeEscalation, false) &&
  std.assertEqual(pod.containers[0].resources.requests, { cpu: '50m', memory: '1Gi' })
