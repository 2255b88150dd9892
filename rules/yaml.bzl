"""YAML to JSON, as kubectl reads it: manifests of others, to be patched in Jsonnet and applied.

```starlark
load("@windlass//rules:jsonnet.bzl", "jsonnet_to_json")
load("@windlass//rules:yaml.bzl", "yaml_to_json")
load("//prod:k8s.bzl", "k8s_object")

yaml_to_json(
    name = "crds",
    src = "crds.yaml",  # as it was downloaded: two documents
    out = "crds.json",  # a list of both
)

jsonnet_to_json(
    name = "patched",
    src = "patch.jsonnet",
    outs = ["alertmanagers.json", "prometheuses.json"],
    data = ["crds.json"],
)

k8s_object(
    name = "prometheuses",
    src = "prometheuses.json",
    env = "setup",
    kind = "CustomResourceDefinition",
)
```
```jsonnet
// patch.jsonnet
{
  [crd.spec.names.plural + '.json']: crd { metadata+: { labels+: { team: 'metrics' } } }
  for crd in import 'crds.json'
}
```

With nothing to patch, `outs = ["alertmanagers.json", "prometheuses.json"]` instead of `out` writes one file for
each document, and the `src` of a `k8s_object` may be YAML itself where it is one document.
"""

load("//rules/private:yaml_to_json.bzl", _yaml_to_json = "yaml_to_json")

yaml_to_json = _yaml_to_json
