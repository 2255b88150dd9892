// What makes pods, and what scales and protects them. Most have none: one node runs them all.
local pods = import 'e2e/corpus/pods.libsonnet';

local idle = { replicas: 0 };
local nulls = { metadata+: { creationTimestamp: null } };

// Every way to give a container a variable.
local env = [
  { name: 'PLAIN', value: 'value' },
  { name: 'EMPTY', value: '' },
  { name: 'NOTHING' },
  { name: 'OTHER', value: '$(PLAIN)-$$(PLAIN)' },
  { name: 'FIELD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  { name: 'RESOURCE', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
  { name: 'WHOLE', valueFrom: { resourceFieldRef: { containerName: 'pause', resource: 'requests.cpu' } } },
  { name: 'SECRET', valueFrom: { secretKeyRef: { name: 'data', key: 'password' } } },
  { name: 'MAP', valueFrom: { configMapKeyRef: { name: 'absent', key: 'key', optional: true } } },
];

// Every kind of volume that `restricted` lets in.
local volumes = [
  { name: 'scratch', emptyDir: {} },
  { name: 'bounded', emptyDir: { medium: 'Memory', sizeLimit: '0.5Gi' } },
  { name: 'map', configMap: { name: 'plain' } },
  { name: 'items', configMap: { name: 'plain', defaultMode: 256, items: [{ key: 'key', path: 'a/b', mode: 292 }], optional: false } },
  { name: 'secret', secret: { secretName: 'data' } },
  { name: 'claim', persistentVolumeClaim: { claimName: 'default-class' } },
  { name: 'downward', downwardAPI: { items: [
    { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
    { path: 'cpu', resourceFieldRef: { containerName: 'pause', resource: 'limits.cpu', divisor: '1m' } },
  ] } },
  { name: 'ephemeral', ephemeral: { volumeClaimTemplate: { spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
  } } } },
  { name: 'projected', projected: { sources: [
    { serviceAccountToken: { path: 'token' } },
    { configMap: { name: 'plain' } },
    { secret: { name: 'data', items: [{ key: 'password', path: 'p' }] } },
    { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
  ] } },
];

local job(fields={}) = {
  spec: { suspend: true, template: { spec: pods.spec() + { restartPolicy: 'Never' } } } + fields,
};

local cronJob(fields={}) = {
  spec: {
    schedule: '0 0 30 2 *',
    jobTemplate: { spec: { template: { spec: pods.spec() + { restartPolicy: 'OnFailure' } } } },
  } + fields,
};

local claimTemplate(name, fields={}) = {
  metadata: { name: name },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
} + fields;

local scaler(fields={}) = {
  spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'absent' } } + fields,
};

function(params) {
  'apps/v1': {
    Deployment: {
      plain: { spec: idle + pods.of('plain') },
      running: { spec: { replicas: 1 } + pods.of('running') },
      // The server's one replica, for whoever scales it.
      'no-replicas': { spec: pods.of('no-replicas') },
      recreate: { spec: idle + pods.of('recreate') + { strategy: { type: 'Recreate' } } },
      rolling: { spec: idle + pods.of('rolling') + { strategy: { rollingUpdate: { maxSurge: '50%', maxUnavailable: 0 } } } },
      'rolling-in-part': { spec: idle + pods.of('rolling-in-part') + { strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '10%' } } } },
      paused: { spec: idle + pods.of('paused') + { paused: true, minReadySeconds: 0, revisionHistoryLimit: 0, progressDeadlineSeconds: 30 } },
      expressions: { spec: idle + pods.of('expressions') + {
        selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['expressions', 'other'] }, { key: 'gone', operator: 'DoesNotExist' }] },
      } },
      env: { spec: idle + pods.of('env', pods.spec([pods.pause() + {
        env: env,
        envFrom: [{ secretRef: { name: 'data' } }, { prefix: 'P_', configMapRef: { name: 'absent', optional: true } }],
      }])) },
      volumes: { spec: idle + pods.of('volumes', pods.spec([pods.pause() + { volumeMounts: [
        { name: 'scratch', mountPath: '/a' },
        { name: 'scratch', mountPath: '/b', subPath: 'b', readOnly: true },
        { name: 'map', mountPath: '/c', mountPropagation: 'None' },
        { name: 'projected', mountPath: '/d', recursiveReadOnly: 'Disabled' },
      ] }]) + { volumes: volumes }) },
      ports: { spec: idle + pods.of('ports', pods.spec([
        pods.pause() + { ports: [
          { containerPort: 53, protocol: 'UDP' },
          { containerPort: 53, protocol: 'TCP' },
          { containerPort: 80, name: 'http' },
          { containerPort: 443, name: 'https', hostIP: null, hostPort: null },
        ] },
        pods.pause('second') + { ports: [{ containerPort: 80 }] },
      ])) },
      probes: { spec: idle + pods.of('probes', pods.spec([pods.pause() + {
        livenessProbe: { grpc: { port: 50051 } },
        readinessProbe: { httpGet: { port: 'http', httpHeaders: [{ name: 'Host', value: 'example' }] }, timeoutSeconds: 2 },
        startupProbe: { tcpSocket: { port: 80, host: '' }, initialDelaySeconds: 0, terminationGracePeriodSeconds: 1 },
        lifecycle: { postStart: { exec: { command: ['true'] } }, preStop: { httpGet: { port: 80 } } },
      }])) },
      resources: { spec: idle + pods.of('resources', pods.spec([
        pods.pause() + { resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '1500m', memory: '1Gi', 'ephemeral-storage': '2G' } } },
        // Limits become requests.
        pods.pause('limits') + { resources: { limits: { cpu: '1', memory: '128Mi' } } },
        pods.pause('empty') + { resources: { limits: {}, requests: {} } },
        pods.pause('extended') + { resources: { limits: { 'corpus.windlass.dev/device': '1' } }, resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] },
      ])) },
      security: { spec: idle + pods.of('security', pods.spec([pods.pause() + {
        securityContext+: { capabilities+: { add: ['NET_BIND_SERVICE'] }, readOnlyRootFilesystem: true, runAsNonRoot: true, seLinuxOptions: {}, windowsOptions: {} },
      }]) + { securityContext+: {
        appArmorProfile: { type: 'RuntimeDefault' },
        fsGroup: 1000,
        fsGroupChangePolicy: 'OnRootMismatch',
        runAsGroup: 0,
        runAsUser: 1000,
        supplementalGroups: [],
        sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }],
      } }) },
      'init-containers': { spec: idle + pods.of('init-containers', pods.spec([pods.pause('b'), pods.pause('a')]) + {
        initContainers: [pods.pause('z') + { restartPolicy: 'Always' }, pods.pause('y')],
      }) },
      'empty-fields': nulls {
        metadata+: { annotations: {}, labels: {} },
        spec: idle + pods.of('empty-fields', pods.spec([pods.pause() + {
          args: [],
          command: null,
          env: [{ name: 'A', value: '' }],
          resources: {},
          securityContext+: { capabilities+: { add: [] } },
          stdin: false,
          tty: false,
          workingDir: '',
        }]) + { affinity: {}, dnsConfig: {}, nodeSelector: {}, securityContext+: {}, tolerations: [], volumes: [], hostNetwork: false, serviceAccountName: '' }) + {
          strategy: {},
          template+: { metadata+: { creationTimestamp: null, annotations: {} } },
        },
        status: {},
      },
      spread: { spec: idle + pods.of('spread') + { template+: { spec+: { topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'spread' } }, minDomains: 2 },
        { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', nodeTaintsPolicy: 'Honor', matchLabelKeys: ['pod-template-hash'], labelSelector: {} },
      ] } } } },
    },

    StatefulSet: {
      plain: { spec: idle + pods.of('set-plain') + { serviceName: 'headless' } },
      running: { spec: { replicas: 1, serviceName: 'headless' } + pods.of('set-running') },
      // The server gives each an apiVersion, a mode and a status.
      claims: { spec: idle + pods.of('set-claims') + { serviceName: 'headless', volumeClaimTemplates: [
        claimTemplate('data'),
        claimTemplate('log', { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata+: { labels: { a: 'b' } }, spec+: { storageClassName: 'corpus-waiting', volumeMode: 'Filesystem' } }),
        claimTemplate('generated', { metadata+: { creationTimestamp: null }, spec+: { storageClassName: null }, status: {} }),
      ] } },
      retention: { spec: idle + pods.of('set-retention') + {
        serviceName: 'headless',
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' },
        volumeClaimTemplates: [claimTemplate('data')],
      } },
      'on-delete': { spec: idle + pods.of('set-on-delete') + { updateStrategy: { type: 'OnDelete' } } },
      partition: { spec: idle + pods.of('set-partition') + {
        ordinals: { start: 1 },
        podManagementPolicy: 'Parallel',
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } },
      } },
      'empty-fields': nulls { spec: idle + pods.of('set-empty') + { serviceName: '', updateStrategy: {}, volumeClaimTemplates: [], ordinals: null }, status: { replicas: 0 } },
    },

    DaemonSet: {
      plain: { spec: pods.of('daemon-plain', pods.spec() + { nodeSelector: { corpus: 'nowhere' } }) },
      running: { spec: pods.of('daemon-running') },
      surge: { spec: pods.of('daemon-surge', pods.spec() + { nodeSelector: { corpus: 'nowhere' } }) + {
        updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      } },
      'on-delete': { spec: pods.of('daemon-on-delete', pods.spec() + { nodeSelector: { corpus: 'nowhere' } }) + {
        updateStrategy: { type: 'OnDelete' },
      } },
      'host-ports': { spec: pods.of('daemon-ports', pods.spec([pods.pause() + { ports: [
        { containerPort: 9100, hostPort: 9100 },
        { containerPort: 9100, hostPort: 9100, protocol: 'UDP', hostIP: '127.0.0.1' },
      ] }]) + { nodeSelector: { corpus: 'nowhere' } }) },
    },

    ReplicaSet: {
      plain: { spec: idle + pods.of('replica-plain') },
      running: { spec: { replicas: 1, minReadySeconds: 0 } + pods.of('replica-running') },
    },

    ControllerRevision: {
      plain: { revision: 1, data: { spec: { any: ['thing', 1, 1.5, null, {}] } } },
      'empty-data': { revision: 0, data: {} },
    },
  },

  'batch/v1': {
    Job: {
      // Selector and labels are made by the server.
      plain: job(),
      done: { spec: { template: { spec: pods.spec([pods.busybox(params, 'true')]) + { restartPolicy: 'Never' } } } },
      'own-selector': job({ manualSelector: true, selector: { matchLabels: { app: 'own-selector' } }, template+: { metadata: { labels: { app: 'own-selector' } } } }),
      indexed: job({ completionMode: 'Indexed', completions: 3, parallelism: 2, backoffLimitPerIndex: 1, maxFailedIndexes: 0, podReplacementPolicy: 'Failed' }),
      policies: job({
        backoffLimit: 0,
        completionMode: 'Indexed',
        completions: 2,
        podFailurePolicy: { rules: [
          { action: 'FailJob', onExitCodes: { containerName: 'pause', operator: 'In', values: [1, 42] } },
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] },
        ] },
        successPolicy: { rules: [{ succeededIndexes: '0' }] },
      }),
      limits: job({ activeDeadlineSeconds: 3600, ttlSecondsAfterFinished: 86400, managedBy: 'corpus.windlass.dev/nobody' }),
      'empty-fields': nulls + job({ template+: { metadata: { creationTimestamp: null, labels: {} } } }) + { status: {} },
    },
    CronJob: {
      plain: cronJob(),
      suspended: cronJob({ suspend: true, timeZone: 'Etc/UTC', concurrencyPolicy: 'Forbid' }),
      histories: cronJob({ failedJobsHistoryLimit: 0, successfulJobsHistoryLimit: 0, startingDeadlineSeconds: 10 }),
      described: cronJob({ schedule: '@yearly', jobTemplate+: {
        metadata: { labels: { from: 'cron' }, annotations: {} },
        spec+: { backoffLimit: 1, suspend: true, template+: { metadata: { creationTimestamp: null } } },
      } }),
    },
  },

  'autoscaling/v2': {
    HorizontalPodAutoscaler: {
      // A metric is filled in.
      plain: scaler(),
      metrics: scaler({ minReplicas: 2, metrics: [
        { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '100Mi' } } },
        { type: 'ContainerResource', containerResource: { name: 'cpu', container: 'pause', target: { type: 'Utilization', averageUtilization: 60 } } },
        { type: 'Pods', pods: { metric: { name: 'requests' }, target: { type: 'AverageValue', averageValue: '1k' } } },
        { type: 'Object', object: { describedObject: { kind: 'Service', name: 'plain', apiVersion: 'v1' }, metric: { name: 'hits', selector: {} }, target: { type: 'Value', value: '10' } } },
        { type: 'External', external: { metric: { name: 'queue', selector: { matchLabels: { a: 'b' } } }, target: { type: 'AverageValue', averageValue: '30' } } },
      ] }),
      behaviour: scaler({ behavior: { scaleDown: { stabilizationWindowSeconds: 0 }, scaleUp: { policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }], selectPolicy: 'Min' } } }),
      // Stored in other words than these.
      'other-quantities': scaler({ metrics: [{ type: 'Pods', pods: { metric: { name: 'requests' }, target: { type: 'AverageValue', averageValue: '1000' } } }] }),
    },
  },
  'autoscaling/v1': {
    HorizontalPodAutoscaler: {
      'first-version': scaler({ targetCPUUtilizationPercentage: 50 }),
      'first-version-bare': scaler(),
    },
  },

  'policy/v1': {
    PodDisruptionBudget: {
      number: { spec: { minAvailable: 1, selector: { matchLabels: { app: 'plain' } } } },
      percent: { spec: { maxUnavailable: '25%', selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['plain', 'other'] }] }, unhealthyPodEvictionPolicy: 'AlwaysAllow' } },
      zero: { spec: { maxUnavailable: 0, selector: { matchLabels: { app: 'absent' } } } },
      everything: nulls { spec: { minAvailable: '0%', selector: {} }, status: null },
      'no-selector': { spec: { minAvailable: 1 } },
    },
  },

  'resource.k8s.io/v1': {
    ResourceClaim: {
      plain: { spec: { devices: { requests: [{ name: 'one', exactly: { deviceClassName: 'corpus-any' } }] } } },
      several: { spec: { devices: {
        requests: [
          { name: 'all', exactly: { deviceClassName: 'corpus-any', allocationMode: 'All', selectors: [{ cel: { expression: "device.driver == 'corpus.windlass.dev'" } }] } },
          { name: 'either', firstAvailable: [{ name: 'large', deviceClassName: 'corpus-any', count: 2 }, { name: 'small', deviceClassName: 'corpus-any' }] },
        ],
        constraints: [{ requests: ['all'], matchAttribute: 'corpus.windlass.dev/model' }],
        config: [{ opaque: { driver: 'corpus.windlass.dev', parameters: { any: [1, 'two', {}] } } }],
      } } },
      bare: { spec: {} },
    },
    ResourceClaimTemplate: {
      plain: { spec: { metadata: { labels: { a: 'b' } }, spec: { devices: { requests: [{ name: 'one', exactly: { deviceClassName: 'corpus-any' } }] } } } },
    },
  },
}
