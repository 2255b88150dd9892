// A value by environment.
//
//   local byEnv = import 'windlass/envs.libsonnet';
//
//   replicas: byEnv(params, { prod: 3, staging: 2 }, default=1)
//
// Names that are no environment, in `values` or as the environment that is rendered, are errors.
// values: from name of environment to value.
// default: for environments that `values` does not name; without one, each has to be named.
function(params, values, default=error 'envs: no value for `%s`, and no default' % params.environment.name)
  local known = params.environments;
  local check(name) = std.member(known, name) || error 'envs: got `%s`, want one of %s' % [
    name,
    std.join(', ', known),
  ];
  assert std.all([check(name) for name in [params.environment.name] + std.objectFields(values)]);
  std.get(values, params.environment.name, default)
