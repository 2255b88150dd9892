// What runs in a pod: its probes, its environment, what it may do.
local common = import 'object.libsonnet';
local list = common.list;
local set = common.set;

local envVar(name, value) = { name: name } + (
  if std.isObject(value) then { valueFrom: value }
  else { value: std.toString(value) }
);

local containerPort(name, value) =
  { name: name, protocol: 'TCP' } + (
    if std.isObject(value) then value else { containerPort: value }
  );

{
  // A container. `+ { securityContext+: { ... } }` and the like override what it may do.
  // name: no two containers of a pod have the same.
  // image: the name of an image target's key, its own name if not given; the build puts the digest in
  // its place.
  // args: of the program.
  // command: the program, if not the image's own.
  // env: `{NAME: 'text', PASSWORD: k8s.secretKey('db', 'password')}`, or a list as Kubernetes has it,
  // where one variable uses those before it. A variable that is null is left out.
  // ports: `{grpc: 50051}`, or `{dns: {containerPort: 53, protocol: 'UDP'}}`, or a list as Kubernetes
  // has it.
  // mounts: a list of what `k8s.mount` gives.
  // readiness: one of `k8s.probe`; while it fails the pod gets no requests.
  // liveness: one of `k8s.probe`; when it fails the container is restarted. Let it look at the process alone.
  // startup: one of `k8s.probe`; until it succeeds the others wait.
  // requests: added to the default requests, which keep a small cluster usable.
  // limits: of resources, such as `{memory: '1Gi'}`; what `requests` does not name requests its limit.
  // envFrom: a list of what `k8s.envFrom` gives.
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
    envFrom=[],
  )::
    local variables = list(env, envVar);
    local listening = list(ports, containerPort);
    {
      name: name,
      image: image,
      imagePullPolicy: 'IfNotPresent',
      [set('args', args)]: args,
      [set('command', command)]: command,
      [set('env', variables)]: variables,
      [set('envFrom', envFrom)]: envFrom,
      [set('livenessProbe', liveness)]: liveness,
      [set('ports', listening)]: listening,
      [set('readinessProbe', readiness)]: readiness,
      resources: {
        // A request above its limit would be refused.
        requests: { cpu: '50m', memory: '64Mi' } + (if limits == null then {} else limits) + requests,
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

  // A container that starts before the others and runs until they have ended: one of `initContainers`.
  // container: what `k8s.container` gives.
  sidecar(container):: container { restartPolicy: 'Always' },

  // For programs that write beside themselves: `container + k8s.writableRootFilesystem()`. A volume
  // where they write is better.
  writableRootFilesystem():: { securityContext+: { readOnlyRootFilesystem: false } },

  // Capabilities of a container that runs as root. Another user, such as nobody here, has none of them, since it may
  // not escalate its privileges. For a port below 1024 none is needed: the program listens above, and its Service
  // has the port, `{http: {port: 80}}`. `container + k8s.capabilities(['NET_BIND_SERVICE'])` is the only one that
  // the standard `restricted` lets pass.
  // names: without `CAP_`.
  capabilities(names):: { securityContext+: { capabilities+: { add: names } } },

  // Whether a container is well: `readiness=k8s.probe.grpc(50051, service='ready') + { periodSeconds: 2 }`.
  probe:: {
    // Asks the health service of the gRPC protocol.
    // port: a number; Kubernetes takes no name here.
    // service: of the gRPC health protocol.
    grpc(port, service=''):: { grpc: { port: port, service: service } },
    // Gets a page; a status from 200 to 399 is well.
    // port: a number or the name of the container's port.
    // path: of the page.
    http(port, path='/'):: { httpGet: { path: path, port: port } },
    // Connects, and no more.
    // port: a number or the name of the container's port.
    tcp(port):: { tcpSocket: { port: port } },
    // Runs a program in the container; 0 is well.
    // command: program and arguments; images here have no shell.
    exec(command):: { exec: { command: command } },
  },

  // What happens in a container before it is told to end: `container + k8s.preStop.sleep(5)`.
  preStop:: {
    // Waits. Requests come until every node knows that the pod goes; a server serves that long.
    // seconds: of the time that pods have to end, 30 by default.
    sleep(seconds):: { lifecycle+: { preStop: { sleep: { seconds: seconds } } } },
    // Runs a program in the container.
    // command: program and arguments.
    exec(command):: { lifecycle+: { preStop: { exec: { command: command } } } },
  },

  // A variable with a value of a Secret, by name only: the value never is in a manifest.
  // name: of the Secret.
  // key: in it.
  secretKey(name, key):: { secretKeyRef: { name: name, key: key } },

  // A variable with a value of a ConfigMap.
  // name: of the ConfigMap.
  // key: in it.
  configMapKey(name, key):: { configMapKeyRef: { name: name, key: key } },

  // A variable with a field of the pod itself: `k8s.field('metadata.name')`.
  // path: of the field.
  field(path):: { fieldRef: { fieldPath: path } },

  // A variable with what the container requests or is limited to: `k8s.resource('limits.memory')`, in
  // bytes.
  // resource: `requests.` or `limits.`, and its name.
  // divisor: the unit, such as `1Mi`.
  resource(resource, divisor=null):: {
    resourceFieldRef: { resource: resource, [set('divisor', divisor)]: divisor },
  },

  // Variables from all keys of an object: `envFrom=[k8s.envFrom.configMap('settings')]`.
  envFrom:: {
    // The keys of a ConfigMap.
    // name: of the ConfigMap.
    // prefix: of the variables' names.
    configMap(name, prefix=null):: { configMapRef: { name: name }, [set('prefix', prefix)]: prefix },
    // The keys of a Secret.
    // name: of the Secret.
    // prefix: of the variables' names.
    secret(name, prefix=null):: { secretRef: { name: name }, [set('prefix', prefix)]: prefix },
  },
}
