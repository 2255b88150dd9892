// Storage class `local-path`: folders of the node, made for each claim by a helper pod.
local k8s = import 'windlass/k8s.libsonnet';

local system = 'windlass-storage';
local name = 'local-path-provisioner';

// What the helper pod runs; the provisioner sets VOL_DIR.
local setup = |||
  #!/bin/sh
  set -eu
  mkdir -m 0777 -p "$VOL_DIR"
|||;
local teardown = |||
  #!/bin/sh
  set -eu
  rm -rf "$VOL_DIR"
|||;

local helperPod(image) = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'helper-pod' },
  spec: {
    priorityClassName: 'system-node-critical',
    containers: [{
      name: 'helper-pod',
      image: image,
      imagePullPolicy: 'IfNotPresent',
      resources: { requests: { cpu: '10m', memory: '16Mi' } },
    }],
  },
};

function(params)
  local inSystem = k8s.inNamespace(params, system);
  local config = k8s.configMap(inSystem, 'local-path-config', data={
    'config.json': std.manifestJson({
      nodePathMap: [{ node: 'DEFAULT_PATH_FOR_NON_LISTED_NODES', paths: ['/var/lib/local-path'] }],
    }),
    'helperPod.yaml': std.manifestJson(helperPod(params.third_party.busybox)),
    setup: setup,
    teardown: teardown,
  });
  {
    // Its helper pods mount folders of the node, which no stricter standard allows.
    'windlass-storage.json': k8s.namespace(system, security='privileged'),

    'local-path-service-account.json': k8s.serviceAccount(inSystem, name),

    'local-path-role.json': k8s.clusterRole('windlass-local-path', rules=[
      {
        apiGroups: [''],
        resources: ['nodes', 'persistentvolumeclaims', 'configmaps'],
        verbs: ['get', 'list', 'watch'],
      },
      {
        apiGroups: [''],
        resources: ['pods', 'persistentvolumes'],
        verbs: ['get', 'list', 'watch', 'create', 'patch', 'update', 'delete'],
      },
      { apiGroups: [''], resources: ['pods/log'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
      { apiGroups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: ['get', 'list', 'watch'] },
    ]),

    'local-path-role-binding.json': k8s.clusterRoleBinding(inSystem, 'windlass-local-path', serviceAccount=name),

    'local-path-config.json': config,

    'local-path-deployment.json': k8s.deployment(
      inSystem,
      name,
      containers=[k8s.container(
        name,
        image=params.third_party['local-path-provisioner'],
        args=['start', '--config', '/etc/config/config.json'],
        env={
          CONFIG_MOUNT_PATH: '/etc/config/',
          POD_NAMESPACE: k8s.field('metadata.namespace'),
          SERVICE_ACCOUNT_NAME: name,
        },
        mounts=[k8s.mount('config', '/etc/config')],
      )],
      podAnnotations=k8s.configHash(config),
      serviceAccount=name,
      volumes=[k8s.volume.configMap('config', 'local-path-config')],
    ) + k8s.podSpec({ automountServiceAccountToken: true }),

    'local-path-storage-class.json': k8s.storageClass('local-path', provisioner='rancher.io/local-path') + {
      metadata+: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    },
  }
