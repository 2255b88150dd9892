// What tells of each node: processors, memory, disks. It looks at the machine itself, which no stricter standard allows, so
// it has a namespace of its own: that of the others stays `restricted`.
local k8s = import 'windlass/k8s.libsonnet';
local monitoring = import 'windlass/monitoring.libsonnet';

local name = 'node-exporter';
local port = 9100;

function(params, image)
  local own = k8s.inNamespace(params, 'monitoring-node');
  local daemonSet = k8s.daemonSet(
    own,
    name,
    containers=[k8s.container(
      name,
      image=image('node-exporter'),
      args=[
        '--path.procfs=/host/proc',
        '--path.rootfs=/host',
        '--path.sysfs=/host/sys',
        '--web.listen-address=:%d' % port,
      ],
      ports={ metrics: port },
      mounts=[k8s.mount('host', '/host') + { mountPropagation: 'HostToContainer', readOnly: true }],
      readiness=k8s.probe.http('metrics') + { periodSeconds: 1 },
      requests={ cpu: '10m', memory: '32Mi' },
    )],
    volumes=[k8s.volume.hostPath('host', '/')],
  ) + k8s.podSpec({
    // Of the machine: its processes, and its network.
    hostNetwork: true,
    hostPID: true,
    // On each node, whatever it is kept for.
    tolerations: [{ operator: 'Exists' }],
  });
  {
    'node-namespace.json': k8s.namespace('monitoring-node', security='privileged'),
    'node-exporter.json': daemonSet,
    'node-monitor.json': monitoring.podMonitor(own, name, pods=daemonSet) + {
      spec+: {
        podMetricsEndpoints: [
          // The node, by its name.
          endpoint { relabelings: [{ sourceLabels: ['__meta_kubernetes_pod_node_name'], targetLabel: 'node' }] }
          for endpoint in super.podMetricsEndpoints
        ],
      },
    },
  }
