"""Tests of what is said of a service beside its BUILD file: that its alerts fire, and when.

```starlark
load("//prod:k8s.bzl", "service")
load("@windlass//rules:monitoring.bzl", "prometheus_rules_test")

service(
    name = "web",
    src = "web.jsonnet",
    monitoring = "monitoring.jsonnet",
    outputs = {"deployment.json": "Deployment"},
)

prometheus_rules_test(
    name = "rules_test",
    src = "rules_test.yaml",
    rules = "prod.monitoring/rules.json",
)
```
"""

load("//rules/private:prometheus_rules_test.bzl", _prometheus_rules_test = "prometheus_rules_test")

prometheus_rules_test = _prometheus_rules_test
