// Short constructors for Kubernetes objects, with the defaults of a careful cluster.
//
//   local k8s = import 'windlass/k8s.libsonnet';
//
//   function(params) {
//     'deployment.json': k8s.deployment(params, 'client', containers=[
//       k8s.container('client', args=['--server', 'server:50051']),
//     ]),
//   }
//
// - `params` is what the rules pass in: {environment: {name, namespace, ...}, service, ...}. Objects that
//   live in a namespace take it from there.
// - Every result is a plain object: `+ { spec+: { replicas: 3 } }` overrides any field of it.
// - An argument that has no sensible default says so by its name; a misspelt one is an error.
// - Pods satisfy the Pod Security Standard `restricted`. Quantities are canonical (`1`, `100m`, `128Mi`).
// - `ports`, `env`: an object from name to value. Other forms that Kubernetes has are given as lists.

// The user and group of a process that is nobody: that of distroless images.
local nobody = 65532;

local selector(app) = { 'app.kubernetes.io/name': app };

// An object of cluster scope, or without its namespace.
local object(apiVersion, kind, name, app=name) = {
  apiVersion: apiVersion,
  kind: kind,
  metadata: { name: name, labels: selector(app) },
};

local namespaced(params, apiVersion, kind, name, app=name) =
  object(apiVersion, kind, name, app) + {
    metadata+: { namespace: params.environment.namespace },
  };

// The name of a field that is left out while its value is null or empty: `[set('args', args)]: args`.
local set(field, value) = if value == null || value == {} || value == [] then null else field;

// {name: value} as a list, in the order of the names; a list stays what it is.
local list(named, item) =
  if std.isArray(named) then named
  else [item(name, named[name]) for name in std.objectFields(named)];

local envVar(name, value) = { name: name } + (
  if std.isObject(value) then { valueFrom: value }
  else { value: std.toString(value) }
);

local containerPort(name, value) =
  { name: name, protocol: 'TCP' } + (
    if std.isObject(value) then value else { containerPort: value }
  );

// The container's port of the same name is the target.
local servicePort(name, value) =
  { name: name, protocol: 'TCP', targetPort: name } + (
    if std.isObject(value) then value else { port: value }
  );

local podTemplate(app, containers, initContainers, volumes, serviceAccount, podAnnotations) = {
  metadata: {
    labels: selector(app),
    [set('annotations', podAnnotations)]: podAnnotations,
  },
  spec: {
    automountServiceAccountToken: false,
    containers: containers,
    [set('initContainers', initContainers)]: initContainers,
    securityContext: {
      fsGroup: nobody,
      runAsGroup: nobody,
      runAsNonRoot: true,
      runAsUser: nobody,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    [set('serviceAccountName', serviceAccount)]: serviceAccount,
    [set('volumes', volumes)]: volumes,
  },
};

local rbac = 'rbac.authorization.k8s.io';

{
  // ---- workloads ----

  // Pods that are all alike.
  // app: the value of the label by which services and budgets find the pods.
  // podAnnotations: of the pods; see configHash.
  // serviceAccount: its name. Pods still get no token; podSpec gives them one.
  deployment(
    params,
    name,
    containers=error 'k8s.deployment: set containers',
    replicas=1,
    app=name,
    initContainers=[],
    podAnnotations={},
    serviceAccount=null,
    volumes=[],
  ):: namespaced(params, 'apps/v1', 'Deployment', name, app) + {
    spec: {
      replicas: replicas,
      selector: { matchLabels: selector(app) },
      template: podTemplate(app, containers, initContainers, volumes, serviceAccount, podAnnotations),
    } + (
      // A container without a readiness probe is ready as soon as it runs, also where it ends at
      // once: such pods count after two seconds.
      if std.all([std.objectHas(container, 'readinessProbe') for container in containers]) then {}
      else { minReadySeconds: 2 }
    ),
  },

  // Pods with a name and storage of their own each. They start all at once: pods that wait for
  // each other in order never come up again after all were down.
  // claims: what claimTemplate gives.
  // serviceName: of the headless service that names the pods.
  // whenDeleted: what becomes of the storage when the StatefulSet is deleted, Retain or Delete.
  statefulSet(
    params,
    name,
    containers=error 'k8s.statefulSet: set containers',
    replicas=1,
    app=name,
    claims=[],
    initContainers=[],
    podAnnotations={},
    serviceAccount=null,
    serviceName=name,
    volumes=[],
    whenDeleted='Retain',
  ):: namespaced(params, 'apps/v1', 'StatefulSet', name, app) + {
    spec: {
      podManagementPolicy: 'Parallel',
      replicas: replicas,
      selector: { matchLabels: selector(app) },
      serviceName: serviceName,
      template: podTemplate(app, containers, initContainers, volumes, serviceAccount, podAnnotations),
      [set('persistentVolumeClaimRetentionPolicy', claims)]: {
        whenDeleted: whenDeleted,
        whenScaled: 'Retain',
      },
      [set('volumeClaimTemplates', claims)]: claims,
    },
  },

  // Pods that end.
  // attempts: how often a failed pod is tried again.
  job(
    params,
    name,
    containers=error 'k8s.job: set containers',
    app=name,
    attempts=6,
    initContainers=[],
    podAnnotations={},
    serviceAccount=null,
    volumes=[],
  ):: namespaced(params, 'batch/v1', 'Job', name, app) + {
    spec: {
      backoffLimit: attempts,
      template: podTemplate(app, containers, initContainers, volumes, serviceAccount, podAnnotations) + {
        spec+: { restartPolicy: 'OnFailure' },
      },
    },
  },

  // `deployment + k8s.podSpec({ hostname: 'x' })` overrides fields of the pods of any workload.
  podSpec(fields):: { spec+: { template+: { spec+: fields } } },

  // A container. Its image is the name of an image target's key, its own name if not given;
  // the build puts the digest in its place.
  // ports: {grpc: 50051}. env: {NAME: 'text', PASSWORD: k8s.secretKey('db', 'password')}.
  // requests, limits: added to the default requests, which keep a small cluster usable.
  // readiness, liveness, startup: see probe. mounts: see mount.
  container(
    name,
    image=name,
    args=[],
    command=[],
    env={},
    ports={},
    mounts=[],
    readiness=null,
    liveness=null,
    startup=null,
    requests={},
    limits={},
  ):: {
    name: name,
    image: image,
    imagePullPolicy: 'IfNotPresent',
    [set('args', args)]: args,
    [set('command', command)]: command,
    [set('env', env)]: list(env, envVar),
    [set('livenessProbe', liveness)]: liveness,
    [set('ports', ports)]: list(ports, containerPort),
    [set('readinessProbe', readiness)]: readiness,
    resources: {
      requests: { cpu: '50m', memory: '64Mi' } + requests,
      [set('limits', limits)]: limits,
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    },
    [set('startupProbe', startup)]: startup,
    [set('volumeMounts', mounts)]: mounts,
  },

  // Probes: `readiness=k8s.probe.grpc(50051, service='ready') + { periodSeconds: 2 }`.
  probe:: {
    // port: a number; Kubernetes takes no name here. service: of the gRPC health protocol.
    grpc(port, service=''):: { grpc: { port: port, service: service } },
    // port: a number or the name of the container's port.
    http(port, path='/'):: { httpGet: { path: path, port: port } },
    tcp(port):: { tcpSocket: { port: port } },
    // command: program and arguments; images here have no shell.
    exec(command):: { exec: { command: command } },
  },

  // ---- environment variables ----

  // By name only: the value of a secret never is in a manifest.
  secretKey(name, key):: { secretKeyRef: { name: name, key: key } },
  configMapKey(name, key):: { configMapKeyRef: { name: name, key: key } },
  // `k8s.field('metadata.name')`: a field of the pod itself.
  field(path):: { fieldRef: { fieldPath: path } },

  // ---- storage ----

  volume:: {
    emptyDir(name):: { name: name, emptyDir: {} },
    configMap(name, configMap=name):: { name: name, configMap: { name: configMap } },
    secret(name, secret=name):: { name: name, secret: { secretName: secret } },
    claim(name, claim=name):: { name: name, persistentVolumeClaim: { claimName: claim } },
  },

  // volume: its name. `+ { readOnly: true }`, `+ { subPath: 'x' }` as needed.
  mount(volume, path):: { name: volume, mountPath: path },

  // Storage for each pod of a statefulSet.
  // storageClass: its name, the cluster's default if not given.
  claimTemplate(name, storage=error 'k8s.claimTemplate: set storage', storageClass=null):: {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: storage } },
      [set('storageClassName', storageClass)]: storageClass,
    },
  },

  // Storage by itself.
  persistentVolumeClaim(
    params,
    name,
    storage=error 'k8s.persistentVolumeClaim: set storage',
    storageClass=null,
  ):: namespaced(params, 'v1', 'PersistentVolumeClaim', name) + {
    spec: $.claimTemplate(name, storage, storageClass).spec,
  },

  storageClass(name, provisioner=error 'k8s.storageClass: set provisioner', reclaimPolicy='Delete')::
    object('storage.k8s.io/v1', 'StorageClass', name) + {
      provisioner: provisioner,
      reclaimPolicy: reclaimPolicy,
      volumeBindingMode: 'WaitForFirstConsumer',
    },

  // ---- configuration ----

  // data: {file name: text}.
  configMap(params, name, data=error 'k8s.configMap: set data')::
    namespaced(params, 'v1', 'ConfigMap', name) + { data: data },

  // Annotation for the pods that read a configMap: with it, they restart when its data change.
  configHash(configMap):: {
    'windlass.dev/config-hash': std.sha256(std.manifestJsonMinified(configMap.data)),
  },

  // ---- network ----

  // A stable name and address for the pods of `app`.
  // ports: {grpc: 50051}, or with more to say {http: {port: 5000, nodePort: 31000}}.
  service(params, name, ports=error 'k8s.service: set ports', app=name)::
    namespaced(params, 'v1', 'Service', name, app) + {
      spec: {
        ports: list(ports, servicePort),
        selector: selector(app),
        type: 'ClusterIP',
      },
    },

  // A name for each pod of `app`, also for those that are not ready: pods that form a cluster
  // have to find each other before that.
  headlessService(params, name, ports=error 'k8s.headlessService: set ports', app=name)::
    $.service(params, name, ports, app) + {
      spec+: { clusterIP: 'None', publishNotReadyAddresses: true },
    },

  // A port of every node. ports: {http: {port: 5000, nodePort: 31000}}.
  nodePortService(params, name, ports=error 'k8s.nodePortService: set ports', app=name)::
    $.service(params, name, ports, app) + { spec+: { type: 'NodePort' } },

  // ---- namespaces, rights, budgets ----

  // security: the Pod Security Standard that its pods must meet.
  namespace(name, security='restricted'):: object('v1', 'Namespace', name) + {
    metadata+: { labels+: { 'pod-security.kubernetes.io/enforce': security } },
  },

  // params for objects of another namespace: those of setup.
  inNamespace(params, namespace):: params { environment+: { namespace: namespace } },

  serviceAccount(params, name):: namespaced(params, 'v1', 'ServiceAccount', name) + {
    automountServiceAccountToken: false,
  },

  // rules: [{apiGroups: [''], resources: ['pods'], verbs: ['get']}].
  role(params, name, rules=error 'k8s.role: set rules')::
    namespaced(params, rbac + '/v1', 'Role', name) + { rules: rules },

  // Gives the role to a service account of the same namespace.
  roleBinding(params, name, role=name, serviceAccount=name)::
    namespaced(params, rbac + '/v1', 'RoleBinding', name) + {
      roleRef: { apiGroup: rbac, kind: 'Role', name: role },
      subjects: [{ kind: 'ServiceAccount', name: serviceAccount, namespace: params.environment.namespace }],
    },

  clusterRole(name, rules=error 'k8s.clusterRole: set rules')::
    object(rbac + '/v1', 'ClusterRole', name) + { rules: rules },

  // Gives the role, everywhere, to a service account of the namespace of params.
  clusterRoleBinding(params, name, role=name, serviceAccount=name)::
    object(rbac + '/v1', 'ClusterRoleBinding', name) + {
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', name: serviceAccount, namespace: params.environment.namespace }],
    },

  // How many pods of `app` may be away at a time when nodes are drained.
  podDisruptionBudget(params, name, maxUnavailable=1, app=name)::
    namespaced(params, 'policy/v1', 'PodDisruptionBudget', name, app) + {
      spec: { maxUnavailable: maxUnavailable, selector: { matchLabels: selector(app) } },
    },
}
