// One half of the corpus as files `<kind>-<name>.json`. params.service says which: `foundation` lives in
// no namespace and brings the custom kinds, `namespaced` lives in the namespace of its environment.
local cluster = import 'e2e/corpus/cluster.libsonnet';
local core = import 'e2e/corpus/core.libsonnet';
local custom = import 'e2e/corpus/custom.libsonnet';
local network = import 'e2e/corpus/network.libsonnet';
local workloads = import 'e2e/corpus/workloads.libsonnet';

// apiVersion -> kind -> name -> object
local files(prefix, namespace, groups) = {
  ['%s-%s.json' % [std.asciiLower(kind), name]]: {
    apiVersion: apiVersion,
    kind: kind,
    metadata: { name: prefix(kind) + name } + namespace,
  } + groups[apiVersion][kind][name]
  for apiVersion in std.objectFields(groups)
  for kind in std.objectFields(groups[apiVersion])
  for name in std.objectFields(groups[apiVersion][kind])
};

function(params)
  // Two files of one name are an error of Jsonnet within a source, and are seen here between them.
  local merged(sources) = std.foldl(
    function(all, one)
      assert std.setInter(std.objectFields(all), std.objectFields(one)) == [] : 'two objects of one name';
      all + one,
    sources,
    {},
  );
  {
    foundation: merged([
      files(function(kind) if std.member(['Namespace', 'Node'], kind) then '' else 'corpus-', {}, groups)
      for groups in [cluster, { 'apiextensions.k8s.io/v1': custom.definitions }, custom.cluster]
    ]),
    namespaced: merged([
      files(function(kind) '', { namespace: params.environment.namespace }, groups)
      for groups in [core(params), workloads(params), network(params), custom.namespaced]
    ]),
  }[params.service]
