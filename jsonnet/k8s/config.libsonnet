// Configuration, namespaces, and what a namespace may use.
local common = import 'object.libsonnet';
local namespaced = common.namespaced;

{
  // Texts that pods read. There is nothing of the kind for a Secret: what is secret is not in a
  // repository, and manifests name it, see `k8s.secretKey` and
  // `k8s.volume.secret`.
  // data: `{file name: text}`.
  configMap(params, name, data=error 'k8s.configMap: set data')::
    namespaced(params, 'v1', 'ConfigMap', name) + { data: data },

  // Annotation for the pods that read a `k8s.configMap`: with it, they restart when its data change.
  // configMap: what `k8s.configMap` gives.
  configHash(configMap):: {
    'windlass.dev/config-hash': std.sha256(std.manifestJsonMinified(configMap.data)),
  },

  // A namespace. Pods that do not meet its standard are refused.
  // security: the Pod Security Standard that its pods must meet, restricted, baseline or privileged.
  namespace(name, security='restricted'):: common.object('v1', 'Namespace', name) + {
    local standards = ['baseline', 'privileged', 'restricted'],
    metadata+: {
      labels+: { 'pod-security.kubernetes.io/enforce': common.oneOf('k8s.namespace: security', security, standards) },
    },
  },

  // The params for objects of another namespace: those of setup.
  // namespace: its name.
  inNamespace(params, namespace):: params { environment+: { namespace: namespace } },

  // What all pods of the namespace may use together.
  // hard: `{'requests.cpu': '20', pods: '50'}`.
  resourceQuota(params, name, hard=error 'k8s.resourceQuota: set hard')::
    namespaced(params, 'v1', 'ResourceQuota', name) + { spec: { hard: hard } },

  // What a single container, pod or claim of the namespace may use, and what containers get that do
  // not say.
  // limits: from type to limits, `{Container: {max: {memory: '2Gi'}, defaultRequest: {cpu: '50m'}}}`, or
  // a list as Kubernetes has it.
  limitRange(params, name, limits=error 'k8s.limitRange: set limits')::
    local item(type, values) = { type: type } + values;
    namespaced(params, 'v1', 'LimitRange', name) + { spec: { limits: common.list(limits, item) } },
}
