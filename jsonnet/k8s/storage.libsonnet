// Volumes of pods, and what is behind them.
local common = import 'object.libsonnet';
local namespaced = common.namespaced;
local object = common.object;
local set = common.set;

{
  // Volumes of a pod: `volumes=[k8s.volume.emptyDir('cache')]`.
  volume:: {
    // A folder that is empty at first, and gone with the pod.
    // name: of the volume.
    // sizeLimit: a pod that has more in it is ended.
    // medium: `Memory` for one that is no disk.
    emptyDir(name, sizeLimit=null, medium=null):: {
      name: name,
      emptyDir: { [set('medium', medium)]: medium, [set('sizeLimit', sizeLimit)]: sizeLimit },
    },
    // The keys of a ConfigMap as files.
    // name: of the volume.
    // configMap: its name.
    configMap(name, configMap=name):: { name: name, configMap: { name: configMap } },
    // The keys of a Secret as files.
    // name: of the volume.
    // secret: its name.
    secret(name, secret=name):: { name: name, secret: { secretName: secret } },
    // What a `k8s.persistentVolumeClaim` holds.
    // name: of the volume.
    // claim: its name.
    claim(name, claim=name):: { name: name, persistentVolumeClaim: { claimName: claim } },
    // Storage that comes and goes with the pod.
    // name: of the volume.
    // claim: what `k8s.claimTemplate` gives.
    ephemeral(name, claim):: { name: name, ephemeral: { volumeClaimTemplate: { spec: claim.spec } } },
    // Fields of the pod as files, which follow their changes.
    // name: of the volume.
    // fields: from file name to field, `{labels: 'metadata.labels'}`.
    downwardApi(name, fields):: {
      local item(file, field) = { path: file, fieldRef: { fieldPath: field } },
      name: name,
      downwardAPI: { items: common.list(fields, item) },
    },
    // A token of the pod's service account for one audience, renewed before it expires: file `token`.
    // name: of the volume.
    // audience: who is to believe it.
    // expirationSeconds: how long it is good for.
    serviceAccountToken(
      name,
      audience=error 'k8s.volume.serviceAccountToken: set audience',
      expirationSeconds=3600,
    ):: $.volume.projected(name, [{
      serviceAccountToken: { audience: audience, expirationSeconds: expirationSeconds, path: 'token' },
    }]),
    // Several sources in one folder.
    // name: of the volume.
    // sources: a list as Kubernetes has it.
    projected(name, sources):: { name: name, projected: { sources: sources } },
    // Storage by a driver, within the pod's own description.
    // name: of the volume.
    // driver: its name.
    // attributes: what the driver asks for.
    csi(name, driver, attributes={}):: {
      name: name,
      csi: { driver: driver, [set('volumeAttributes', attributes)]: attributes },
    },
    // A folder of the node. The standard `restricted` refuses it.
    // name: of the volume.
    // path: on the node.
    // type: what has to be there, such as `Directory` or `DirectoryOrCreate`.
    hostPath(name, path, type='Directory'):: { name: name, hostPath: { path: path, type: type } },
  },

  // Where a container sees a volume. `+ { readOnly: true }`, `+ { subPath: 'x' }` as needed.
  // volume: its name.
  // path: in the container.
  mount(volume, path):: { name: volume, mountPath: path },

  // Storage for each pod of a `k8s.statefulSet`.
  // storage: how much, such as `1Gi`.
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
  // storage: how much, such as `1Gi`.
  // storageClass: its name, the cluster's default if not given.
  persistentVolumeClaim(
    params,
    name,
    storage=error 'k8s.persistentVolumeClaim: set storage',
    storageClass=null,
  ):: namespaced(params, 'v1', 'PersistentVolumeClaim', name) + {
    spec: $.claimTemplate(name, storage, storageClass).spec,
  },

  // Storage that is there already. Nothing deletes it with its claim.
  // storage: how much there is.
  // source: where, such as `{csi: {driver: 'example.com', volumeHandle: 'vol-1'}}`.
  // accessModes: who may use it at a time.
  // storageClass: the claim's has to be the same; '' is none.
  persistentVolume(
    name,
    storage=error 'k8s.persistentVolume: set storage',
    source=error 'k8s.persistentVolume: set source',
    accessModes=['ReadWriteOnce'],
    storageClass='',
    app=name,
  ):: object('v1', 'PersistentVolume', name, app) + {
    spec: source {
      accessModes: accessModes,
      capacity: { storage: storage },
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: storageClass,
    },
  },

  // How claims get their storage: where their first pod runs.
  // provisioner: who makes it.
  // reclaimPolicy: what becomes of it without its claim, Delete or Retain.
  storageClass(name, provisioner=error 'k8s.storageClass: set provisioner', reclaimPolicy='Delete', app=name)::
    object('storage.k8s.io/v1', 'StorageClass', name, app) + {
      provisioner: provisioner,
      reclaimPolicy: common.oneOf('k8s.storageClass: reclaimPolicy', reclaimPolicy, ['Delete', 'Retain']),
      volumeBindingMode: 'WaitForFirstConsumer',
    },

  // What a driver can change of storage that is in use: `spec+: { volumeAttributesClassName: 'fast' }`.
  // driverName: its name.
  // parameters: what the driver is told, such as `{iops: '4000'}`.
  volumeAttributesClass(
    name,
    driverName=error 'k8s.volumeAttributesClass: set driverName',
    parameters=error 'k8s.volumeAttributesClass: set parameters',
    app=name,
  ):: object('storage.k8s.io/v1', 'VolumeAttributesClass', name, app) + {
    driverName: driverName,
    parameters: parameters,
  },
}
