// One service in two environments differs in its namespace and in what its Jsonnet maps by
// environment, and in nothing else.
local inAllEnvironments(manifest, namespace) =
  local text = std.manifestJsonMinified(manifest { metadata+: { namespace: 'NAMESPACE' } });
  // Names of pods that Redis announces hold the namespace too.
  std.parseJson(std.strReplace(text, '.%s.svc' % namespace, '.NAMESPACE.svc'));

// What a service maps by environment: data of a personal namespace goes with its StatefulSet.
local mapped(manifest, personal) =
  local policy = std.get(manifest.spec, 'persistentVolumeClaimRetentionPolicy', {});
  if manifest.kind != 'StatefulSet' then manifest else
    assert policy.whenDeleted == (if personal then 'Delete' else 'Retain') : manifest.metadata.name;
    manifest { spec+: { persistentVolumeClaimRetentionPolicy+: { whenDeleted: 'MAPPED' } } };

function(params)
  local rendered(service, env) = std.extVar('%s/%s' % [service, env]);
  local same(service, env) = std.mapWithKey(
    function(file, manifest)
      assert manifest.metadata.namespace == params.namespaces[env] :
             '%s of %s: namespace: got %s' % [file, env, manifest.metadata.namespace];
      local bare = if std.objectHas(manifest, 'spec') then mapped(manifest, env == 'myns') else manifest;
      inAllEnvironments(bare, params.namespaces[env]),
    rendered(service, env)
  );
  assert std.length(params.namespaces) > 1;
  [
    assert rendered(service, env) != rendered(service, 'prod') || env == 'prod' : '%s: %s is prod' % [service, env];
    std.assertEqual(same(service, env), same(service, 'prod'))
    for service in params.services
    for env in std.objectFields(params.namespaces)
  ]
