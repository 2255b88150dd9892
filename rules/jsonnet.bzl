"""Jsonnet to JSON and YAML, with the attribute names of rules_jsonnet.

```starlark
load("@windlass//rules:jsonnet.bzl", "jsonnet_fmt_test", "jsonnet_library", "jsonnet_to_json", "jsonnet_to_json_test")

jsonnet_library(
    name = "lib",
    srcs = ["lib.libsonnet"],
)

jsonnet_to_json(
    name = "manifests",
    src = "manifests.jsonnet",
    outs = ["deployment.json", "service.json"],
    multiple_outputs = True,
    deps = [":lib", "@windlass//jsonnet"],
)

jsonnet_to_json_test(
    name = "manifests_test",
    src = "manifests.jsonnet",
    golden = "manifests.golden.json",
    deps = [":lib", "@windlass//jsonnet"],
)

jsonnet_fmt_test(
    name = "fmt_test",
    srcs = ["lib.libsonnet", "manifests.jsonnet"],
)
```

Who comes from rules_jsonnet finds each of its attributes in docs/migrate-from-rules-jsonnet.md.
"""

load("//rules/private:jsonnet_fmt_test.bzl", _jsonnet_fmt_test = "jsonnet_fmt_test")
load("//rules/private:jsonnet_library.bzl", _jsonnet_library = "jsonnet_library")
load("//rules/private:jsonnet_lint_test.bzl", _jsonnet_lint_test = "jsonnet_lint_test")
load("//rules/private:jsonnet_to_json.bzl", _jsonnet_to_json = "jsonnet_to_json")
load("//rules/private:jsonnet_to_json_test.bzl", _jsonnet_to_json_test = "jsonnet_to_json_test")
load("//rules/private:jsonnet_to_yaml.bzl", _jsonnet_to_yaml = "jsonnet_to_yaml")
load("//rules/private/providers:jsonnet_library_info.bzl", _JsonnetLibraryInfo = "JsonnetLibraryInfo")
load("//rules/private/providers:rendered_info.bzl", _RenderedInfo = "RenderedInfo")

JsonnetLibraryInfo = _JsonnetLibraryInfo
RenderedInfo = _RenderedInfo
jsonnet_fmt_test = _jsonnet_fmt_test
jsonnet_library = _jsonnet_library
jsonnet_lint_test = _jsonnet_lint_test
jsonnet_to_json = _jsonnet_to_json
jsonnet_to_json_test = _jsonnet_to_json_test
jsonnet_to_yaml = _jsonnet_to_yaml
