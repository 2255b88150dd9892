// A registry that speaks https names the Secret with its key, and holds nothing of it.
local registry = import 'prod/registry.libsonnet';

local params = { env: 'setup', namespace: 'x', registry: 'registry.example:31000', project: 'p', third_party: { registry: 'r' } };
local plain = registry(params);
local own = registry(params, tls='registry-tls');
local pod(objects) = objects['registry-deployment.json'].spec.template.spec;
local container(objects) = pod(objects).containers[0];

std.assertEqual([volume.secret for volume in pod(own).volumes if std.objectHas(volume, 'secret')], [{ secretName: 'registry-tls' }]) &&
std.assertEqual([mount.mountPath for mount in container(own).volumeMounts if mount.name == 'tls'], ['/tls']) &&
std.assertEqual(
  [variable for variable in container(own).env if std.startsWith(variable.name, 'REGISTRY_HTTP_TLS')],
  [
    { name: 'REGISTRY_HTTP_TLS_CERTIFICATE', value: '/tls/tls.crt' },
    { name: 'REGISTRY_HTTP_TLS_KEY', value: '/tls/tls.key' },
  ],
) &&
std.assertEqual(
  [container(own)[kind + 'Probe'].httpGet.scheme for kind in ['startup', 'readiness', 'liveness']],
  ['HTTPS', 'HTTPS', 'HTTPS'],
) &&
// No object is one of the Secret, and the plain one knows nothing of it.
std.assertEqual(std.setDiff(std.objectFields(own), std.objectFields(plain)), []) &&
std.assertEqual(std.length(std.findSubstr('tls', std.toString(plain))), 0)
