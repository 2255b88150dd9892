"""Tests of what a deployment does, for the repository that it is of: see docs/testing.md.

```starlark
load("@windlass//rules:testing.bzl", "k8s_apply_test")

k8s_apply_test(
    name = "apply_test",
    golden = "apply.steps",
    setup = ["//prod:setup.apply"],
    target = ":myns-deep.apply",
)
```
"""

load("//rules/private:k8s_apply_test.bzl", _k8s_apply_test = "k8s_apply_test")

k8s_apply_test = _k8s_apply_test
