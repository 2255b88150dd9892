// The local registry: a NodePort that is the REGISTRY of cluster_constants.bzl, by the same name on
// the host and on the node. With `collect`, what a tag has moved off goes each time it starts (ADR 16).
// `tls` is the name of a Secret of type kubernetes.io/tls, which nothing here makes: the registry then speaks https
// (docs/howto/registry.md).
local k8s = import 'windlass/k8s.libsonnet';

local system = 'windlass-system';
local port = 5000;

// `localhost:31000` -> 31000
local nodePort(registry) = std.parseInt(std.split(registry, ':')[1]);

function(params, collect=true, tls=null)
  local inSystem = k8s.inNamespace(params, system);
  local isTls = tls != null;
  local probe = k8s.probe.http('http', path='/v2/') + { httpGet+: if isTls then { scheme: 'HTTPS' } else {} };
  {
    'windlass-system.json': k8s.namespace(system),

    'registry-claim.json': k8s.persistentVolumeClaim(inSystem, 'registry', storage='5Gi', storageClass='local-path'),

    'registry-deployment.json': k8s.deployment(inSystem, 'registry', containers=[
      k8s.container(
        'registry',
        image=params.third_party.registry,
        env=(if collect then { WINDLASS_COLLECT: 'true' } else {}) + (
          if isTls then {
            REGISTRY_HTTP_TLS_CERTIFICATE: '/tls/tls.crt',
            REGISTRY_HTTP_TLS_KEY: '/tls/tls.key',
          } else {}
        ),
        ports={ http: port },
        // It waits for the one before it to end, and collects, before it answers: 4 minutes for both, less than an apply waits.
        startup=probe { periodSeconds: 1, failureThreshold: 240 },
        readiness=probe { periodSeconds: 1 },
        liveness=probe,
        mounts=[k8s.mount('data', '/var/lib/registry')] + if isTls then [k8s.mount('tls', '/tls')] else [],
      ),
    ], volumes=[k8s.volume.claim('data', 'registry')] + if isTls then [k8s.volume.secret('tls', tls)] else []) + {
      // Two processes must not write to one folder: the new one would wait for the old one, and the
      // old one for that.
      spec+: { strategy: { type: 'Recreate' } },
    },

    // Where tools look for a cluster's own registry (KEP-1755).
    'registry-hosting.json': k8s.configMap(k8s.inNamespace(params, 'kube-public'), 'local-registry-hosting', data={
      'localRegistryHosting.v1': std.manifestYamlDoc({ host: params.registry }, quote_keys=false),
    }),

    'registry-service.json': k8s.nodePortService(inSystem, 'registry', ports={
      http: { port: port, nodePort: nodePort(params.registry) },
    }),
  }
