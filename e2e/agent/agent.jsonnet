// The agent of `dev` as docs/agent.md has it, and what it takes on the local cluster: the repository is a folder of the
// node, and the local registry's name means the registry in its pod, too.
local agent = import 'windlass/agent.libsonnet';
local k8s = import 'windlass/k8s.libsonnet';

local repository = '/var/lib/shop.git';

function(params)
  local own = agent.applying(
    k8s.inNamespace(params, 'windlass-agent'),
    env='dev',
    image='agent',
    remote=repository,
    roles=['windlass:services.client:dev-deep'],
    args=['--interval=1s', '--drift=5s'],
  );
  own {
    'deployment.json'+: k8s.podSpec({
      containers: [
        container { volumeMounts+: [k8s.mount('repository', repository) + { readOnly: true }] }
        for container in own['deployment.json'].spec.template.spec.containers
      ],
      initContainers: [k8s.sidecar(k8s.container(
        'registry',
        image=params.third_party.busybox,
        command=['nc', '-ll', '-p', '31000', '-e', 'nc', 'registry.windlass-system.svc', '5000'],
      ))],
      volumes+: [{ name: 'repository', hostPath: { path: repository, type: 'Directory' } }],
    }),
  }
