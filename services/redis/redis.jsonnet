// A Redis cluster of three masters with a replica each. Beside each Redis stands our bootstrap: it forms
// the cluster, and makes its nodes meet again after their addresses have changed.
local k8s = import 'windlass/k8s.libsonnet';

local port = 6379;
local masters = 3;
local replicasOfEach = 1;
local size = masters * (1 + replicasOfEach);

local bin = '/windlass/bin';
local bootstrap = bin + '/redis-bootstrap';

// As lines `name value`, see https://redis.io/docs/latest/operate/oss_and_stack/management/config-file/
local settings = {
  // Each write is kept; at most the last second is lost when the node itself dies.
  appendonly: 'yes',
  save: '""',
  dir: '/data',

  'cluster-enabled': 'yes',
  'cluster-config-file': 'nodes.conf',
  // Milliseconds until a silent master is replaced by its replica.
  'cluster-node-timeout': 5000,
  // Clients are told names, which stay, and not addresses, which change with each restart.
  'cluster-preferred-endpoint-type': 'hostname',

  // A replica follows nobody until the bootstrap has told it its master's own user. No password:
  // this tells nodes apart, it keeps nobody out.
  masteruser: 'unknown',
  masterauth: 'none',
  // A new replica need not wait for others that may come.
  'repl-diskless-sync-delay': 0,

  // Who may connect is the network's business.
  'protected-mode': 'no',
  port: port,
};

local conf = std.lines(['%s %s' % [name, settings[name]] for name in std.objectFields(settings)]);

function(params)
  local storageClass = 'local-path';

  local config = k8s.configMap(params, 'redis', data={ 'redis.conf': conf });
  // The nodes' names, known before they are ready: `redis-0.redis-nodes.alice.svc`.
  local nodes = k8s.headlessService(params, 'redis-nodes', app='redis', ports={
    redis: port,
    bus: port + 10000,
  });
  local host(name) = '%s.%s.%s.svc' % [name, nodes.metadata.name, nodes.metadata.namespace];
  local hosts = ['%s:%d' % [host('redis-%d' % node), port] for node in std.range(0, size - 1)];

  // Before redis: programs for its probes, since images have no shell.
  local install = k8s.container(
    'install',
    image='redis-bootstrap',
    args=['install', bin],
    mounts=[k8s.mount('bin', bin)],
    requests={ cpu: '10m', memory: '16Mi' },
  );

  local redis = k8s.container(
    'redis',
    image=params.third_party.redis,
    command=['redis-server'],
    args=[
      '/etc/redis/redis.conf',
      '--cluster-announce-ip',
      '$(POD_IP)',
      '--cluster-announce-hostname',
      host('$(POD_NAME)'),
    ],
    env={ POD_IP: k8s.field('status.podIP'), POD_NAME: k8s.field('metadata.name') },
    ports={ redis: port, bus: port + 10000 },
    mounts=[
      k8s.mount('config', '/etc/redis') + { readOnly: true },
      k8s.mount('data', '/data'),
      k8s.mount('bin', bin) + { readOnly: true },
    ],
    // cluster_state:ok, and this node has its part.
    readiness=k8s.probe.exec([bootstrap, 'ready']) + { periodSeconds: 2, timeoutSeconds: 2 },
    // PING. A node that hangs is replaced by its replica long before it is restarted.
    liveness=k8s.probe.exec([bootstrap, 'alive']) + {
      failureThreshold: 9,
      periodSeconds: 10,
      timeoutSeconds: 5,
    },
    requests={ cpu: '30m', memory: '32Mi' },
  ) + {
    // Before SIGTERM: a master makes its replica the master.
    lifecycle: { preStop: { exec: { command: [bootstrap, 'handover'] } } },
  };

  local beside = k8s.container(
    'bootstrap',
    image='redis-bootstrap',
    args=[
      'run',
      '--name',
      '$(POD_NAME)',
      '--masters',
      std.toString(masters),
      '--nodes',
      std.join(',', hosts),
    ],
    env={ POD_NAME: k8s.field('metadata.name') },
    requests={ cpu: '10m', memory: '16Mi' },
  );

  {
    // For clients: any node that is ready; it knows where each key is.
    'service.json': k8s.service(params, 'redis', ports={ redis: port }),

    'nodes.json': nodes,

    'config.json': config,

    'statefulset.json': k8s.statefulSet(
      params,
      'redis',
      claims=[k8s.claimTemplate('data', storage='1Gi', storageClass=storageClass)],
      containers=[redis, beside],
      initContainers=[install],
      podAnnotations=k8s.configHash(config),
      replicas=size,
      serviceName=nodes.metadata.name,
      volumes=[k8s.volume.configMap('config', config.metadata.name), k8s.volume.emptyDir('bin')],
      // In one's own namespace a clean slate is one `delete` away; elsewhere data outlives it.
      whenDeleted=if params.environment.personal then 'Delete' else 'Retain',
    ) + k8s.podSpec({
      // preStop has 12 s, redis itself 10 s to let its replica catch up.
      terminationGracePeriodSeconds: 30,
      // Master and replica on different machines where there are several.
      topologySpreadConstraints: [{
        labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'redis' } },
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
      }],
    }),

    'budget.json': k8s.podDisruptionBudget(params, 'redis', maxUnavailable=1),
  }
