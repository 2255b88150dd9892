// envs.libsonnet and configHash, by what they give in several environments.
local byEnv = import 'windlass/envs.libsonnet';
local k8s = import 'windlass/k8s.libsonnet';

function(params)
  local env(name) = params { environment+: { name: name } };
  local hash(data) = k8s.configHash(k8s.configMap(params, 'c', data=data));
  std.assertEqual(byEnv(env('prod'), { prod: 3, dev: null }, default=1), 3) &&
  std.assertEqual(byEnv(env('dev'), { prod: 3, dev: null }, default=1), null) &&
  std.assertEqual(byEnv(env('myns'), { prod: 3 }, default=1), 1) &&
  // A default that is not needed is not evaluated.
  std.assertEqual(byEnv(env('prod'), { prod: 3 }), 3) &&
  std.assertEqual(hash({ a: '1', b: '2' }), hash({ b: '2', a: '1' })) &&
  std.assertEqual(hash({ a: '1' }) == hash({ a: '2' }), false)
