{
  artifact: import 'artifact.json',
  bytes: std.length(importbin 'text.txt'),
  data: import 'data.json',
  relative: import 'relative/relative.libsonnet',
  root: import 'rules/tests/jsonnet/relative/relative.libsonnet',
  search: import 'found.libsonnet',
  text: importstr 'text.txt',
}
