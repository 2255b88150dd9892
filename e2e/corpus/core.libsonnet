// Configuration, accounts, limits and claims: apiVersion -> kind -> name -> what differs from an empty object.
local pods = import 'e2e/corpus/pods.libsonnet';

// What generators of manifests leave behind.
local nulls = { metadata+: { creationTimestamp: null, labels: null } };

local claim(fields={}) = {
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } + fields,
};

function(params) {
  v1: {
    ConfigMap: {
      plain: { data: { key: 'value' } },
      bare: {},
      'empty-data': { data: {}, binaryData: {} },
      'empty-value': { data: { empty: '', blank: ' ', newline: '\n' } },
      'null-data': nulls { data: null },
      'null-annotations': { metadata+: { annotations: null }, data: { key: 'value' } },
      'empty-annotations': { metadata+: { annotations: {}, labels: {}, finalizers: [], ownerReferences: [] } },
      binary: { binaryData: { 'zero.bin': 'AAAA', empty: '' } },
      both: { data: { text: 'text' }, binaryData: { bytes: '/////w==' } },
      immutable: { data: { key: 'value' }, immutable: true },
      mutable: { data: { key: 'value' }, immutable: false },
      lines: { data: { 'nginx.conf': 'server {\n  listen 80;\n}\n', crlf: 'a\r\nb\r\n', trailing: 'a  \nb\t\n\n' } },
      'other-letters': { data: { greek: 'ύλη', emoji: '🚢⚓', quote: '"\\\'' } },
      'looks-like-others': { data: { number: '1', float: '1e3', bool: 'true', 'null': 'null', date: '2026-01-01', yaml: '{a: 1}' } },
      keys: { data: { 'a.b-c_d': '1', '.hidden': '2', UPPER: '3', '0': '4' } },
      large: { data: { text: std.join('', [std.format('%04d the quick brown fox\n', n) for n in std.range(1, 2000)]) } },
      many: { data: { ['key-%03d' % n]: 'value %d' % n for n in std.range(1, 200) } },
      annotated: {
        metadata+: { annotations: {
          'corpus.windlass.dev/json': std.manifestJsonMinified({ a: [1, 2, { b: null }] }),
          'corpus.windlass.dev/empty': '',
          'kubectl.kubernetes.io/last-applied-configuration': '{}\n',
        } },
      },
      finalized: { metadata+: { finalizers: ['corpus.windlass.dev/kept', 'corpus.windlass.dev/also'] } },
    },

    Secret: {
      data: { type: 'Opaque', data: { password: 'czNjcmV0' } },
      text: { stringData: { password: 's3cret' } },
      // The text is what holds.
      'data-and-text': { data: { password: 'b2xk', user: 'YWxpY2U=' }, stringData: { password: 'new' } },
      bare: {},
      'empty-data': { data: {}, stringData: {} },
      'empty-value': { data: { empty: '' }, stringData: { blank: '' } },
      'null-data': nulls { data: null, type: null },
      immutable: { data: { key: 'dmFsdWU=' }, immutable: true },
      tls: { type: 'kubernetes.io/tls', data: { 'tls.crt': '', 'tls.key': '' } },
      registry: {
        type: 'kubernetes.io/dockerconfigjson',
        stringData: { '.dockerconfigjson': std.manifestJsonMinified({ auths: { 'registry.example': { auth: 'YTpi' } } }) },
      },
      'basic-auth': { type: 'kubernetes.io/basic-auth', stringData: { username: 'alice', password: 's3cret' } },
      'ssh-auth': { type: 'kubernetes.io/ssh-auth', stringData: { 'ssh-privatekey': 'none' } },
      // The token controller fills it.
      token: {
        metadata+: { annotations: { 'kubernetes.io/service-account.name': 'plain' } },
        type: 'kubernetes.io/service-account-token',
      },
      custom: { type: 'corpus.windlass.dev/licence', stringData: { licence: 'Apache-2.0\n' } },
    },

    ServiceAccount: {
      plain: {},
      'no-token': { automountServiceAccountToken: false },
      pulls: { imagePullSecrets: [{ name: 'registry' }, { name: 'absent' }] },
      secrets: { secrets: [{ name: 'token' }], imagePullSecrets: [] },
      'empty-lists': nulls { secrets: [], imagePullSecrets: null },
    },

    PersistentVolumeClaim: {
      // The default class is filled in.
      'default-class': claim(),
      // The volume `fixed` is filled in.
      'no-class': claim({ storageClassName: '', volumeName: 'corpus-fixed' }),
      // The controller finds its volume.
      matched: claim({ storageClassName: 'corpus-manual', selector: { matchLabels: { disk: 'matched' } } }),
      block: claim({ storageClassName: 'corpus-waiting', volumeMode: 'Block', accessModes: ['ReadWriteMany', 'ReadOnlyMany'] }),
      limits: claim({ storageClassName: 'corpus-waiting', resources: { requests: { storage: '500M' }, limits: { storage: '1536Mi' } } }),
      'from-claim': claim({ storageClassName: 'corpus-waiting', dataSource: { kind: 'PersistentVolumeClaim', name: 'limits' } }),
      'from-snapshot': claim({
        storageClassName: 'corpus-waiting',
        dataSourceRef: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'yesterday' },
      }),
      attributes: claim({ storageClassName: 'corpus-waiting', volumeAttributesClassName: 'corpus-fast' }),
      generated: nulls + claim({ storageClassName: 'corpus-waiting', selector: null }) + { status: {} },
    },

    LimitRange: {
      containers: { spec: { limits: [{
        type: 'Container',
        default: { memory: '64Mi' },
        defaultRequest: { cpu: '1m' },
      }] } },
      // A limit alone becomes a default, and a default a request.
      several: { spec: { limits: [
        { type: 'Container', max: { cpu: '4' }, default: { cpu: '1' }, defaultRequest: { cpu: '1m' }, min: { memory: '1Mi' } },
        { type: 'Pod', max: { cpu: '16', memory: '16Gi' }, maxLimitRequestRatio: { cpu: '10k' } },
        { type: 'PersistentVolumeClaim', max: { storage: '10Ti' } },
      ] } },
      // Stored in other words than these.
      'other-quantities': { spec: { limits: [{
        type: 'Container',
        default: { memory: '65536Ki', 'ephemeral-storage': 134217728 },
        defaultRequest: { cpu: '0.001', memory: '1024Ki', 'ephemeral-storage': 0 },
      }] } },
    },

    ResourceQuota: {
      counts: { spec: { hard: {
        'count/deployments.apps': '1k',
        'services.nodeports': '50',
        configmaps: '500',
        persistentvolumeclaims: '50',
        pods: '100',
        secrets: '500',
      } } },
      scoped: { spec: {
        hard: { pods: '10' },
        scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['corpus-high'] }] },
      } },
      'not-terminating': { spec: { hard: { 'requests.memory': '100Gi', 'limits.cpu': '1k' }, scopes: ['Terminating', 'NotBestEffort'] } },
      bare: { spec: {} },
    },

    Pod: {
      plain: { spec: pods.spec() + { automountServiceAccountToken: false } },
      // A volume of another name each time is mounted.
      'with-token': { metadata+: { labels: { app: 'with-token' } }, spec: pods.spec() + { serviceAccountName: 'plain' } },
      // The name that nobody uses any more.
      'old-account': { spec: pods.spec() + { serviceAccount: 'no-token' } },
      'empty-fields': nulls {
        spec: pods.spec([pods.pause() + { args: [], env: [], envFrom: [], lifecycle: null, ports: [], resources: {}, volumeMounts: [] }]) + {
          affinity: {},
          hostAliases: [],
          imagePullSecrets: [],
          initContainers: [],
          nodeSelector: {},
          tolerations: [],
          volumes: null,
        },
        status: {},
      },
      ports: { spec: pods.spec([pods.pause() + { ports: [
        { containerPort: 53, name: 'dns', protocol: 'UDP' },
        { containerPort: 53, name: 'dns-tcp' },
        { containerPort: 8080 },
        { containerPort: 8080, protocol: 'SCTP' },
      ] }]) },
      probes: { spec: pods.spec([pods.busybox(params, 'httpd -f -p 8080 -h /') + {
        livenessProbe: { tcpSocket: { port: 'http' } },
        ports: [{ containerPort: 8080, name: 'http' }],
        readinessProbe: { httpGet: { port: 8080, path: '/bin/sh' }, periodSeconds: 1 },
        startupProbe: { exec: { command: ['true'] }, failureThreshold: 30, periodSeconds: 1 },
        lifecycle: { preStop: { sleep: { seconds: 0 } } },
      }]) },
      sidecar: { spec: pods.spec() + {
        initContainers: [
          pods.busybox(params, 'true', name='first'),
          pods.pause('beside') + { restartPolicy: 'Always' },
        ],
        restartPolicy: 'OnFailure',
      } },
      placed: { spec: pods.spec() + {
        affinity: {
          nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [
            { key: 'kubernetes.io/os', operator: 'In', values: ['linux'] },
          ] }] } },
          podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'placed' } } } },
          ] },
        },
        dnsConfig: { options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }], searches: ['corpus.svc.cluster.local'] },
        hostAliases: [{ ip: '127.0.0.1', hostnames: ['here', 'localhost.example'] }, { ip: '127.0.0.2', hostnames: ['there'] }],
        hostname: 'placed',
        priorityClassName: 'corpus-high',
        readinessGates: [],
        runtimeClassName: 'corpus-plain',
        subdomain: 'headless',
        tolerations: [{ operator: 'Exists', key: 'corpus' }, { key: 'a', value: 'b', effect: 'NoExecute', tolerationSeconds: 60 }],
        topologySpreadConstraints: [
          { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: {} },
          { maxSkew: 2, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule' },
          { maxSkew: 2, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
        ],
      } },
    },

    PodTemplate: {
      plain: { template: pods.template('template') },
      'empty-fields': nulls { template: { metadata: { creationTimestamp: null }, spec: pods.spec() } },
    },

    ReplicationController: {
      // Without a selector it is the labels' own.
      plain: { spec: { replicas: 0, template: pods.template('controller') } },
      selected: { spec: { replicas: 0, minReadySeconds: 0, selector: { app: 'selected' }, template: pods.template('selected') } },
    },

    Event: {
      plain: {
        involvedObject: { kind: 'ConfigMap', name: 'plain', namespace: params.environment.namespace, apiVersion: 'v1' },
        reason: 'Corpus',
        message: 'of the core group',
        type: 'Normal',
        count: 1,
        firstTimestamp: '2026-01-01T00:00:00Z',
        lastTimestamp: '2026-01-01T00:00:00Z',
        source: { component: 'corpus' },
      },
    },
  },

  'events.k8s.io/v1': {
    Event: {
      'of-its-own-group': {
        action: 'Sailing',
        eventTime: '2026-01-01T00:00:00.000000Z',
        note: 'of the group for events',
        reason: 'Corpus',
        regarding: { kind: 'ConfigMap', name: 'plain', namespace: params.environment.namespace, apiVersion: 'v1' },
        reportingController: 'windlass.dev/corpus',
        reportingInstance: 'corpus-1',
        type: 'Normal',
      },
    },
  },

  'coordination.k8s.io/v1': {
    Lease: {
      held: { spec: { holderIdentity: 'nobody', leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:00.000000Z', leaseTransitions: 0 } },
      // Stored as the same time elsewhere.
      'other-zone': { spec: { holderIdentity: '', acquireTime: '2026-01-01T01:00:00.000000+01:00' } },
      bare: {},
    },
  },

  'rbac.authorization.k8s.io/v1': {
    Role: {
      plain: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }] },
      named: { rules: [{ apiGroups: ['', 'apps'], resources: ['deployments', 'deployments/scale'], resourceNames: ['plain'], verbs: ['*'] }] },
      'no-rules': { rules: [] },
      'null-rules': nulls { rules: null },
    },
    RoleBinding: {
      account: {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'plain' },
        subjects: [{ kind: 'ServiceAccount', name: 'plain', namespace: params.environment.namespace }],
      },
      // Users and groups get their API group, accounts do not.
      people: {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ kind: 'User', name: 'alice' }, { kind: 'Group', name: 'crew', apiGroup: 'rbac.authorization.k8s.io' }],
      },
      nobody: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'absent' }, subjects: [] },
      'short-reference': { roleRef: { kind: 'Role', name: 'plain' } },
    },
  },
}
