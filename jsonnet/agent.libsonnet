// The agent that brings what the main branch says to the cluster that it runs in (docs/agent.md).
//
//   local agent = import 'windlass/agent.libsonnet';
//
//   function(params) agent.applying(params, env='prod', image='agent', remote='https://git.example/shop', roles=[
//     'windlass:services.client:prod-deep',
//   ])
local k8s = import 'k8s.libsonnet';

local port = 9464;

{
  // One agent for one environment, with its account and no right that it does not need: files of the objects, in
  // the namespace of params, but for what lets it read whom the cluster trusts, and apply in the environment's.
  // env: the environment that it applies.
  // image: what runs it: the agent, on a base that has git.
  // remote: where the repository is, as `git fetch` takes it.
  // roles: the Roles in the environment's namespace that it is given: those that `<target>.roles` prints.
  // envNamespace: the namespace of the environment.
  // args: more flags, such as `['--drift=1h']`.
  // credentials: a Secret with the key `git`, which git's credential helper `store` reads; null for none.
  // registryCredentials: a Secret with the key `config.json`, as Docker has it; null for none.
  // storage: how much it may keep: the repository, above all.
  applying(
    params,
    env=error 'agent.applying: set env',
    image=error 'agent.applying: set image',
    remote=error 'agent.applying: set remote',
    roles=error 'agent.applying: set roles',
    envNamespace=env,
    args=[],
    credentials=null,
    registryCredentials=null,
    storage='2Gi',
  )::
    local name = 'agent-' + env;
    local subjects = [{ kind: 'ServiceAccount', name: name, namespace: params.environment.namespace }];
    // Roles of other namespaces are given to the account of this one.
    local given(namespace, binding, role) =
      k8s.roleBinding(k8s.inNamespace(params, namespace), binding, role=role, app=name) + { subjects: subjects };
    local secrets = {
      [if credentials == null then null else 'git']: credentials,
      [if registryCredentials == null then null else 'registry']: registryCredentials,
    };
    {
      'service-account.json': k8s.serviceAccount(params, name),

      'claim.json': k8s.persistentVolumeClaim(params, name, storage=storage),

      'deployment.json': k8s.deployment(params, name, containers=[
        k8s.container(
          'agent',
          image=image,
          command=['/agent'],
          args=[
            '--apply',
            '--in-cluster',
            '--env=' + env,
            '--remote=' + remote,
            '--state=/state',
            '--listen=0.0.0.0:%d' % port,
          ] + args,
          // git wants a home, and nothing in the image is to be written to.
          env={ HOME: '/state' } + (
            if credentials == null then {} else {
              GIT_CONFIG_COUNT: '1',
              GIT_CONFIG_KEY_0: 'credential.helper',
              GIT_CONFIG_VALUE_0: 'store --file=/secrets/git/git',
            }
          ) + (if registryCredentials == null then {} else { DOCKER_CONFIG: '/secrets/registry' }),
          ports={ http: port },
          mounts=[k8s.mount('state', '/state')] + [
            k8s.mount(secret, '/secrets/' + secret) + { readOnly: true }
            for secret in std.objectFields(secrets)
          ],
          readiness=k8s.probe.http('http', path='/healthz'),
          liveness=k8s.probe.http('http', path='/healthz') + { periodSeconds: 30 },
        ),
      ], serviceAccount=name, volumes=[k8s.volume.claim('state', name)] + [
        k8s.volume.secret(secret, secrets[secret])
        for secret in std.objectFields(secrets)
      ]) + k8s.podSpec({ automountServiceAccountToken: true }) + {
        // Two agents must not share a folder: the new one would wait for the old one to go.
        spec+: { strategy: { type: 'Recreate' } },
      },

      'trust-role.json': k8s.role(k8s.inNamespace(params, 'windlass-system'), name, rules=[
        k8s.rule(['configmaps'], ['get']) + { resourceNames: ['windlass-trust'] },
      ]),
      'trust-role-binding.json': given('windlass-system', name, name),
    } + {
      // A Role's name may have characters that no file should.
      ['role-binding-%d.json' % at]: given(envNamespace, '%s-%d' % [name, at], roles[at])
      for at in std.range(0, std.length(roles) - 1)
    },
}
