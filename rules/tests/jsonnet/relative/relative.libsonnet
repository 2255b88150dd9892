{
  from: 'a library beside the source',
  transitive: import 'example/sub/prefixed.libsonnet',
}
