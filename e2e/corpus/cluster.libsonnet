// What lives in no namespace. Nothing here selects anything that somebody uses.
local own = 'corpus.windlass.dev';
local nulls = { metadata+: { creationTimestamp: null } };

// A resource that nobody has: policies and webhooks look at it alone.
local nothing = { apiGroups: ['nothing.windlass.dev'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nothings'] };

local hook(fields={}) = {
  admissionReviewVersions: ['v1'],
  clientConfig: { service: { name: 'absent', namespace: 'corpus' } },
  failurePolicy: 'Ignore',
  name: 'one.' + own,
  rules: [nothing],
  sideEffects: 'None',
} + fields;

local nobody = { objectSelector: { matchLabels: { [own + '/nobody']: 'true' } } };

local policy(fields={}) = {
  spec: {
    matchConstraints: { resourceRules: [nothing] },
    validations: [{ expression: 'object.metadata.name != "x"' }],
  } + fields,
};

local mutation(fields={}) = {
  spec: {
    matchConstraints: { resourceRules: [nothing] },
    mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{metadata: Object.metadata{labels: {"a": "b"}}}' } }],
    reinvocationPolicy: 'Never',
  } + fields,
};

local volume(fields={}) = {
  spec: {
    accessModes: ['ReadWriteOnce'],
    capacity: { storage: '1Gi' },
    csi: { driver: 'none.' + own, volumeHandle: 'one' },
  } + fields,
};

local account = { kind: 'ServiceAccount', name: 'plain', namespace: 'corpus' };
local rbac = 'rbac.authorization.k8s.io';

{
  v1: {
    Namespace: {
      corpus: { metadata+: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } },
      'corpus-bare': {},
      'corpus-other': nulls {
        metadata+: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' }, annotations: {} },
        spec: { finalizers: ['kubernetes'] },
        status: {},
      },
    },
    // The kubelet made it, and writes its status all the time.
    Node: {
      node: { metadata+: { labels: { [own + '/row']: 'a' }, annotations: { [own + '/rack']: '' } } },
    },
    PersistentVolume: {
      // Bound by the controller, which adds to the claim that is named here.
      fixed: volume({ claimRef: { namespace: 'corpus', name: 'no-class' }, persistentVolumeReclaimPolicy: 'Retain' }),
      matched: volume({ storageClassName: 'corpus-manual' }) + { metadata+: { labels: { disk: 'matched' } } },
      free: volume({ storageClassName: 'corpus-free', volumeMode: 'Block', mountOptions: ['ro', 'noatime'] }),
      'on-node': volume({
        csi:: null,
        'local': { path: '/nowhere' },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['nowhere'] }] }] } },
        storageClassName: 'corpus-free',
      }),
      folder: volume({ csi:: null, hostPath: { path: '/nowhere' }, storageClassName: 'corpus-free', capacity: { storage: '1500M' } }),
      shared: nulls + volume({ csi:: null, nfs: { server: '192.0.2.1', path: '/' }, storageClassName: 'corpus-free', accessModes: ['ReadWriteMany', 'ReadOnlyMany'] }) + { status: {} },
    },
  },

  'storage.k8s.io/v1': {
    StorageClass: {
      // No claim of this cluster but the corpus' own is without a class.
      default: { metadata+: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }, provisioner: own + '/none', volumeBindingMode: 'WaitForFirstConsumer' },
      waiting: { provisioner: own + '/none', volumeBindingMode: 'WaitForFirstConsumer', allowVolumeExpansion: true },
      parameters: { provisioner: own + '/none', parameters: { type: 'fast', empty: '' }, mountOptions: ['discard'], allowVolumeExpansion: false, reclaimPolicy: 'Retain' },
      topologies: { provisioner: own + '/none', allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['a', 'b'] }] }] },
      'empty-fields': nulls { provisioner: own + '/none', parameters: {}, mountOptions: [], allowedTopologies: null },
    },
    CSIDriver: {
      plain: { spec: {} },
      described: { spec: { attachRequired: false, podInfoOnMount: true, fsGroupPolicy: 'File', volumeLifecycleModes: ['Ephemeral', 'Persistent'], tokenRequests: [{ audience: 'a' }], requiresRepublish: true } },
    },
    CSINode: { nowhere: { spec: { drivers: [{ name: 'none.' + own, nodeID: 'nowhere', topologyKeys: [] }] } } },
    CSIStorageCapacity: {
      plain: { metadata+: { namespace: 'corpus' }, storageClassName: 'corpus-waiting', capacity: '1Gi', nodeTopology: { matchLabels: { zone: 'a' } } },
      'other-quantity': { metadata+: { namespace: 'corpus' }, storageClassName: 'corpus-waiting', maximumVolumeSize: '1024Mi' },
    },
    VolumeAttachment: { plain: { spec: { attacher: 'none.' + own, nodeName: 'nowhere', source: { persistentVolumeName: 'corpus-free' } } } },
    VolumeAttributesClass: { fast: { driverName: 'none.' + own, parameters: { iops: '1000' } } },
  },

  'scheduling.k8s.io/v1': {
    PriorityClass: {
      high: { value: 1000 },
      low: { value: -10, globalDefault: false, preemptionPolicy: 'Never', description: '' },
      zero: { value: 0, description: 'nothing' },
    },
  },

  'node.k8s.io/v1': {
    RuntimeClass: {
      plain: { handler: 'runc' },
      heavy: { handler: 'runc', overhead: { podFixed: { cpu: '10m', memory: '16Mi' } }, scheduling: { nodeSelector: { a: 'b' }, tolerations: [{ key: 'a', operator: 'Exists' }] } },
      'other-quantities': { handler: 'runc', overhead: { podFixed: { cpu: '0.5' } }, scheduling: {} },
    },
  },

  'rbac.authorization.k8s.io/v1': {
    ClusterRole: {
      plain: { rules: [{ apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get'] }, { nonResourceURLs: ['/healthz', '/metrics'], verbs: ['get'] }] },
      // The controller writes the rules.
      aggregated: { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [own + '/part']: 'true' } }] } },
      part: { metadata+: { labels: { [own + '/part']: 'true' } }, rules: [{ apiGroups: [own], resources: ['*'], verbs: ['get', 'list', 'watch'] }] },
      'no-rules': nulls { rules: [] },
    },
    ClusterRoleBinding: {
      plain: { roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'corpus-plain' }, subjects: [account] },
      several: { roleRef: { kind: 'ClusterRole', name: 'corpus-plain', apiGroup: rbac }, subjects: [account, { kind: 'Group', name: 'crew' }, { kind: 'User', name: 'alice', apiGroup: rbac }] },
      nobody: nulls { roleRef: { kind: 'ClusterRole', name: 'absent', apiGroup: rbac }, subjects: null },
    },
  },

  'networking.k8s.io/v1': {
    IngressClass: {
      default: { metadata+: { annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } }, spec: { controller: own + '/none' } },
      other: { spec: { controller: own + '/none', parameters: { apiGroup: own, kind: 'Settings', name: 'x' } } },
      namespaced: { spec: { controller: own + '/none', parameters: { kind: 'ConfigMap', name: 'plain', namespace: 'corpus', scope: 'Namespace' } } },
    },
    IPAddress: { plain: { metadata+: { name: '203.0.113.7' }, spec: { parentRef: { resource: 'services', namespace: 'corpus', name: 'plain' } } } },
    // A part of the addresses that services have anyway.
    ServiceCIDR: { part: { spec: { cidrs: ['10.96.128.0/24'] } } },
  },

  'admissionregistration.k8s.io/v1': {
    ValidatingWebhookConfiguration: {
      plain: { webhooks: [hook()] },
      several: { webhooks: [
        hook(nobody { clientConfig: { url: 'https://192.0.2.1/x' }, timeoutSeconds: 1 }),
        hook({ name: 'two.' + own, clientConfig: { service: { name: 'absent', namespace: 'corpus', path: '/', port: 8443 } }, matchConditions: [{ name: 'never', expression: 'false' }] }),
      ] },
      'no-webhooks': nulls { webhooks: [] },
      'empty-fields': { webhooks: [hook({ namespaceSelector: {}, objectSelector: {}, matchConditions: [], clientConfig+: { caBundle: '' }, matchPolicy: 'Exact' })] },
    },
    MutatingWebhookConfiguration: {
      plain: { webhooks: [hook()] },
      reinvoked: { webhooks: [hook(nobody { reinvocationPolicy: 'IfNeeded', rules: [nothing { scope: 'Namespaced' }] })] },
    },
    ValidatingAdmissionPolicy: {
      plain: policy(),
      described: policy({
        auditAnnotations: [{ key: 'name', valueExpression: 'string(object.metadata.name)' }],
        failurePolicy: 'Ignore',
        matchConditions: [{ name: 'never', expression: 'false' }],
        matchConstraints: { resourceRules: [nothing { scope: 'Cluster' }], excludeResourceRules: [], namespaceSelector: {}, matchPolicy: 'Exact' },
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        validations: [{ expression: 'variables.name != params.data.name', messageExpression: '"no " + variables.name', reason: 'Forbidden' }],
        variables: [{ name: 'name', expression: 'object.metadata.name' }],
      }),
    },
    ValidatingAdmissionPolicyBinding: {
      plain: { spec: { policyName: 'corpus-plain', validationActions: ['Audit', 'Warn'] } },
      described: { spec: { policyName: 'corpus-described', validationActions: ['Deny'], paramRef: { name: 'plain', namespace: 'corpus', parameterNotFoundAction: 'Allow' }, matchResources: { namespaceSelector: { matchLabels: { a: 'b' } } } } },
    },
    MutatingAdmissionPolicy: {
      plain: mutation(),
      patch: mutation({ failurePolicy: 'Ignore', mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[JSONPatch{op: "test", path: "/spec", value: 1}]' } }] }),
    },
    MutatingAdmissionPolicyBinding: {
      plain: { spec: { policyName: 'corpus-plain' } },
    },
  },

  'apiregistration.k8s.io/v1': {
    // Served by the API server itself, which has nothing there.
    APIService: { 'local': { metadata+: { name: 'v1.nothing.windlass.dev' }, spec: { group: 'nothing.windlass.dev', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10 } } },
  },

  'flowcontrol.apiserver.k8s.io/v1': {
    FlowSchema: {
      plain: { spec: { priorityLevelConfiguration: { name: 'corpus-limited' } } },
      rules: { spec: {
        distinguisherMethod: { type: 'ByUser' },
        matchingPrecedence: 9000,
        priorityLevelConfiguration: { name: 'absent' },
        rules: [{
          nonResourceRules: [{ nonResourceURLs: ['/nothing'], verbs: ['*'] }],
          resourceRules: [{ apiGroups: ['nothing.windlass.dev'], clusterScope: true, namespaces: ['*'], resources: ['*'], verbs: ['get'] }],
          subjects: [{ kind: 'User', user: { name: 'nobody' } }, { kind: 'ServiceAccount', serviceAccount: { name: 'plain', namespace: 'corpus' } }],
        }],
      } },
    },
    PriorityLevelConfiguration: {
      limited: { spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } } },
      'no-shares': { spec: { type: 'Limited', limited: { nominalConcurrencyShares: 0, limitResponse: { type: 'Reject' } } } },
      queues: { spec: { type: 'Limited', limited: { nominalConcurrencyShares: 1, lendablePercent: 50, limitResponse: { type: 'Queue', queuing: { queues: 8 } } } } },
    },
  },

  'certificates.k8s.io/v1': {
    // Who asks is filled in.
    CertificateSigningRequest: { plain: { spec: {
      request: std.base64(importstr 'e2e/corpus/request.pem'),
      signerName: own + '/none',
      usages: ['digital signature', 'client auth'],
    } } },
  },

  'resource.k8s.io/v1': {
    DeviceClass: {
      any: { spec: {} },
      driver: { spec: {
        selectors: [{ cel: { expression: "device.driver == '%s'" % own } }],
        config: [{ opaque: { driver: own, parameters: { level: 1 } } }],
        extendedResourceName: own + '/device',
      } },
    },
    ResourceSlice: {
      plain: { spec: { driver: own, allNodes: true, pool: { name: 'corpus', generation: 0, resourceSliceCount: 1 }, devices: [
        { name: 'd0', attributes: { model: { string: 'm' }, cores: { int: 4 }, healthy: { bool: false }, release: { version: '1.2.3' } }, capacity: { memory: { value: '1Gi' } } },
        { name: 'd1' },
      ] } },
    },
  },
}
