// Every function of k8s.libsonnet at least once, constructors with defaults and with all that they take.
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
    'pods.json': [
      k8s.pod(params, 'once', containers=[container]),
      k8s.pod(
        params,
        'shell',
        app='debug',
        containers=[
          k8s.container(
            'shell',
            env={ MEMORY: k8s.resource('limits.memory'), CPU: k8s.resource('requests.cpu', divisor='1m') },
            envFrom=[
              k8s.envFrom.configMap('settings'),
              k8s.envFrom.secret('database', prefix='DB_'),
            ],
            limits={ memory: '1Gi' },
            mounts=[k8s.mount('cache', '/cache')],
          ) + k8s.writableRootFilesystem() + k8s.preStop.exec(['/shell', 'leave']),
        ],
        initContainers=[k8s.sidecar(k8s.container('proxy')) + k8s.preStop.sleep(5)],
        podAnnotations={ 'example.com/why': 'debugging' },
        serviceAccount='debug',
        volumes=[
          k8s.volume.emptyDir('cache', sizeLimit='64Mi', medium='Memory'),
          k8s.volume.ephemeral('scratch', k8s.claimTemplate('scratch', storage='1Gi')),
          k8s.volume.downwardApi('about', { labels: 'metadata.labels', name: 'metadata.name' }),
          k8s.volume.serviceAccountToken('token', audience='vault', expirationSeconds=600),
          k8s.volume.projected('all', [{ secret: { name: 'tls' } }, { configMap: { name: 'settings' } }]),
          k8s.volume.csi('certificates', 'csi.example.com', attributes={ issuer: 'internal' }),
        ],
      ) + k8s.runAs(1000) + k8s.podSpec({ hostname: 'shell' }),
      k8s.replicaSet(params, 'fixed', containers=[container], replicas=2),
      k8s.daemonSet(params, 'logs', containers=[container]),
      k8s.daemonSet(
        params,
        'agent',
        app='monitoring',
        containers=[container + k8s.capabilities(['NET_BIND_SERVICE'])],
        serviceAccount='agent',
        volumes=[k8s.volume.hostPath('logs', '/var/log')],
      ) + k8s.podSpec({
        affinity: k8s.nodeAffinity({ 'kubernetes.io/os': ['linux'], 'kubernetes.io/arch': ['amd64', 'arm64'] }),
        priorityClassName: 'urgent',
        runtimeClassName: 'gvisor',
        tolerations: [
          k8s.toleration('node-role.kubernetes.io/control-plane', effect='NoSchedule'),
          k8s.toleration('dedicated', value='logs'),
        ],
      }),
      k8s.cronJob(params, 'report', schedule='30 4 * * *', containers=[container]),
      k8s.cronJob(
        params,
        'sweep',
        schedule='*/5 * * * *',
        app='cleaning',
        containers=[container],
        attempts=0,
        concurrencyPolicy='Replace',
      ) + k8s.runAs(999, group=1000) + k8s.podSpec({
        affinity:
          k8s.podAffinity('redis', topologyKey='topology.kubernetes.io/zone', strength='required')
          + k8s.podAntiAffinity('client')
          + k8s.nodeAffinity({ disk: ['ssd'] }, strength='preferred'),
      }),
      k8s.statefulSet(params, 'spread', containers=[container], replicas=null) + k8s.podSpec({
        affinity: k8s.podAntiAffinity('spread', strength='required') + k8s.podAffinity('cache'),
        topologySpreadConstraints: [
          k8s.spread('spread'),
          k8s.spread('spread', topologyKey='topology.kubernetes.io/zone', maxSkew=2, whenUnsatisfiable='DoNotSchedule'),
        ],
      }),
    ],
    'addresses.json': [
      k8s.service(params, 'database', ports={ postgres: 5432 }, app=null),
      k8s.endpointSlice(params, 'database', addresses=['192.0.2.1', '192.0.2.2'], ports={ postgres: 5432 }),
      k8s.endpointSlice(
        params,
        'names-1',
        addresses=['2001:db8::1'],
        ports={ dns: { port: 53, protocol: 'UDP' } },
        service='names',
        addressType='IPv6',
      ),
      k8s.loadBalancerService(params, 'web', ports={ https: 443 }),
      k8s.loadBalancerService(params, 'office', ports={ https: 443 }, app='web', sourceRanges=['203.0.113.0/24']),
      k8s.externalNameService(params, 'mail', externalName='mail.example.com'),
      k8s.ingressClass('inner', controller='example.com/ingress'),
      k8s.ingress(params, 'any', hosts={ '': { '/': k8s.ingressBackend('web', 8080) } }),
      k8s.ingress(
        params,
        'web',
        hosts={
          'shop.example.com': {
            '/': k8s.ingressBackend('web', 'http'),
            '/api': k8s.ingressBackend(k8s.service(params, 'api', ports={ http: 80 })),
          },
        },
        ingressClass='inner',
        tls={ 'shop-certificate': ['shop.example.com'] },
      ),
      k8s.networkPolicy(params, 'server', ingress=[]),
      k8s.networkPolicy(params, 'all', app=null, egress=[{ ports: [{ port: 443, protocol: 'TCP' }] }]),
    ],
    'volumes.json': [
      k8s.persistentVolume(
        'archive',
        storage='1Ti',
        source={ csi: { driver: 'csi.example.com', volumeHandle: 'vol-1' } },
      ),
      k8s.persistentVolume(
        'shared',
        storage='10Gi',
        source={ nfs: { path: '/shared', server: 'files.example.com' } },
        accessModes=['ReadWriteMany'],
        storageClass='files',
      ),
      k8s.volumeAttributesClass('fast', driverName='csi.example.com', parameters={ iops: '4000' }),
    ],
    'policies.json': [
      k8s.horizontalPodAutoscaler(params, 'server', maxReplicas=10),
      k8s.horizontalPodAutoscaler(
        params,
        'queue',
        maxReplicas=5,
        minReplicas=3,
        cpu=null,
        memory=80,
        target='redis',
        kind='StatefulSet',
      ),
      k8s.priorityClass('urgent', value=1000, description='what others wait for'),
      k8s.priorityClass('idle', value=-1),
      k8s.runtimeClass('gvisor', handler='runsc'),
      k8s.resourceQuota(params, 'all', hard={ pods: '50', 'requests.cpu': '20' }),
      k8s.limitRange(params, 'each', limits={
        Container: { defaultRequest: { cpu: '50m' }, max: { memory: '2Gi' } },
        PersistentVolumeClaim: { max: { storage: '100Gi' } },
      }),
      k8s.validatingAdmissionPolicy(
        'few-replicas',
        resources=[{ apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] }],
        validations={ 'at most 5 replicas': 'object.spec.replicas <= 5' },
      ),
      k8s.validatingAdmissionPolicy(
        'kept',
        resources=[{ apiGroups: [''], apiVersions: ['v1'], resources: ['persistentvolumeclaims'] }],
        validations=[{ expression: 'false', reason: 'Forbidden' }],
        operations=['DELETE'],
      ),
      k8s.validatingAdmissionPolicyBinding('few-replicas'),
      k8s.validatingAdmissionPolicyBinding(
        'kept-prod',
        policy='kept',
        validationActions=['Warn', 'Audit'],
        namespaces=['prod'],
      ),
      k8s.role(params, 'restarter', rules=[
        k8s.rule(['pods'], ['get', 'list', 'delete']),
        k8s.rule(['deployments'], ['get', 'patch'], apiGroups=['apps']),
      ]),
      k8s.roleBinding(params, 'viewer', role='view', serviceAccount='server', kind='ClusterRole'),
      k8s.podDisruptionBudget(params, 'many', maxUnavailable='25%', app='server'),
    ],
  }
