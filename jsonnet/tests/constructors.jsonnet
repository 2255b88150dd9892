// Every constructor once, with defaults and with all that it takes.
local k8s = import 'windlass/k8s.libsonnet';

function(params)
  local container = k8s.container('client');
  local config = k8s.configMap(params, 'settings', data={ 'a.conf': 'one' });
  {
    'workloads.json': [
      k8s.deployment(params, 'client', containers=[container]),
      k8s.deployment(
        params,
        'server',
        app='backend',
        containers=[
          k8s.container(
            'server',
            image='localhost:31000/third_party/server:1',
            args=['--listen', '0.0.0.0:50051'],
            command=['/server'],
            env={
              CONFIG: k8s.configMapKey('settings', 'a.conf'),
              LEVEL: 'info',
              PASSWORD: k8s.secretKey('database', 'password'),
              POD: k8s.field('metadata.name'),
              WORKERS: 4,
            },
            ports={ grpc: 50051, metrics: { containerPort: 9090, protocol: 'TCP' } },
            mounts=[k8s.mount('cache', '/cache'), k8s.mount('settings', '/etc/server') + { readOnly: true }],
            readiness=k8s.probe.grpc(50051, service='ready') + { periodSeconds: 2 },
            liveness=k8s.probe.http('metrics', '/live'),
            startup=k8s.probe.tcp('grpc'),
            requests={ cpu: '1' },
            limits={ memory: '1Gi' },
          ),
        ],
        initContainers=[k8s.container('init')],
        podAnnotations=k8s.configHash(config),
        replicas=3,
        serviceAccount='server',
        volumes=[
          k8s.volume.emptyDir('cache'),
          k8s.volume.configMap('settings'),
          k8s.volume.secret('tls', 'server-tls'),
          k8s.volume.claim('data', 'server-data'),
        ],
      ),
      k8s.statefulSet(params, 'queue', containers=[
        k8s.container('queue', liveness=k8s.probe.exec(['/queue', 'check'])),
      ]),
      k8s.statefulSet(
        params,
        'redis',
        containers=[container],
        claims=[k8s.claimTemplate('data', storage='1Gi', storageClass='local')],
        replicas=6,
        serviceName='redis-nodes',
        whenDeleted='Delete',
      ),
      k8s.job(params, 'migrate', containers=[container], attempts=2),
    ],
    'network.json': [
      k8s.service(params, 'server', ports={ grpc: 50051 }),
      k8s.service(params, 'api', ports=[{ name: 'a', port: 80, targetPort: 8080 }], app='server'),
      k8s.headlessService(params, 'redis-nodes', ports={ redis: 6379 }, app='redis'),
      k8s.nodePortService(params, 'registry', ports={ http: { port: 5000, nodePort: 31000 } }),
    ],
    'storage.json': [
      config,
      k8s.persistentVolumeClaim(params, 'registry', storage='10Gi'),
      k8s.storageClass('local', provisioner='example.com/local', reclaimPolicy='Retain'),
    ],
    'rights.json': [
      k8s.namespace('prod'),
      k8s.namespace('storage', security='privileged'),
      k8s.serviceAccount(k8s.inNamespace(params, 'elsewhere'), 'server'),
      k8s.role(params, 'reader', rules=[{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]),
      k8s.roleBinding(params, 'reader', serviceAccount='server'),
      k8s.clusterRole('lister', rules=[{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }]),
      k8s.clusterRoleBinding(params, 'lister', serviceAccount='server'),
      k8s.podDisruptionBudget(params, 'redis'),
    ],
  }
