"""Tests of monitoring: what `service(monitoring = ...)` makes, which definitions its objects are checked by, and images."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules:jsonnet.bzl", "jsonnet_to_json")
load("//rules:k8s.bzl", "K8sObjectsInfo", "bind")
load("//rules/private:monitoring.bzl", "definition_of")
load("//rules/private:service_monitoring.bzl", "refusal_of_monitoring")

def _bound(**kwargs):
    return bind(
        cluster = "shop",
        envs = {"dev": {"images": "pinned", "namespace": "dev"}},
        monitoring = "//prod/monitoring",
        project = "shop",
        registry = "localhost:5000",
        setup = "//prod:setup.apply",
        user = "",
        **kwargs
    )

_NAMED = {image: "registry.example/%s:1" % image for image in [
    "alertmanager",
    "grafana",
    "grafana-sidecar",
    "kube-state-metrics",
    "node-exporter",
    "prometheus",
    "prometheus-config-reloader",
    "prometheus-operator",
]}

def _definitions_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, ["//m:crd-prometheusrules"], definition_of("PrometheusRule", "//m"))
    asserts.equals(env, [], definition_of("Deployment", "//m"))
    asserts.equals(env, [], definition_of("PrometheusRule", ""))
    return unittest.end(env)

def _refusal_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, None, refusal_of_monitoring("web", None, ""))
    asserts.equals(env, None, refusal_of_monitoring("web", "monitoring.jsonnet", "//m"))
    asserts.equals(
        env,
        "service \"web\": attribute monitoring: got \"monitoring.jsonnet\", and bind knows of no monitoring; " +
        "set monitoring = \"//prod/monitoring\" there",
        refusal_of_monitoring("web", "monitoring.jsonnet", ""),
    )
    return unittest.end(env)

_refusal_test = unittest.make(_refusal_test_impl)

_definitions_test = unittest.make(_definitions_test_impl)

def _group_test_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[K8sObjectsInfo]
    group = info.groups.to_list()[0]
    asserts.equals(env, ctx.attr.group, group.id)
    asserts.equals(env, sorted(ctx.attr.kinds), sorted([object.kind for object in group.objects]))
    asserts.equals(env, sorted(ctx.attr.images), sorted([image.key for image in info.images.to_list()]))
    return analysistest.end(env)

_group_test = analysistest.make(_group_test_impl, attrs = {
    "group": attr.string(),
    "images": attr.string_list(),
    "kinds": attr.string_list(),
})

def _checked_test_impl(ctx):
    env = analysistest.begin(ctx)
    inputs = [
        file.short_path
        for action in analysistest.target_actions(env)
        if action.mnemonic == "K8sCheck"
        for file in action.inputs.to_list()
        if "crd-" in file.basename
    ]
    asserts.equals(env, ["prod/monitoring/crd-prometheusrules.resolved.json"], inputs)
    return analysistest.end(env)

_checked_test = analysistest.make(_checked_test_impl)

def monitoring_test_suite(name):
    """All tests of monitoring.

    Args:
      name: the suite's name.
    """
    bound = _bound()
    bound.service(
        name = "web",
        src = "web.jsonnet",
        monitoring = "monitoring.jsonnet",
        outputs = {
            "deployment.json": "Deployment",
            "service.json": "Service",
        },
        policies = {"deployment.json": {"waivers": {"digests": "nothing is run"}}},
    )
    jsonnet_to_json(
        name = "service-monitor-rendered",
        src = "service_monitor.jsonnet",
        outs = ["service_monitor.json"],
        params = bound.params("dev", "web"),
        rendered = {":dev-rendered": "//rules/tests/monitoring"},
        deps = ["//jsonnet"],
    )
    bound.k8s_object(
        name = "service-monitor",
        src = "service_monitor.json",
        env = "dev",
        kind = "ServiceMonitor",
    )
    _definitions_test(name = name + "_definitions")
    _refusal_test(name = name + "_refusal")
    _group_test(
        name = name + "_service",
        group = "shop/web-monitoring/dev",
        kinds = ["ConfigMap", "PodMonitor", "PrometheusRule"],
        target_under_test = ":dev-monitoring",
    )
    _checked_test(
        name = name + "_checked",
        target_under_test = ":dev-monitoring-rules",
    )

    # Who names images has none built, and what cannot be built.
    _bound(third_party = _NAMED).monitoring(name = "named")
    _group_test(
        name = name + "_named",
        group = "shop/monitoring/setup",
        kinds = _KINDS,
        target_under_test = ":named",
    )

_KINDS = [
    "Alertmanager",
    "ClusterRole",
    "ClusterRole",
    "ClusterRole",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterRoleBinding",
    "ClusterRoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "DaemonSet",
    "Deployment",
    "Deployment",
    "Deployment",
    "Namespace",
    "Namespace",
    "PodMonitor",
    "PodMonitor",
    "PodMonitor",
    "Prometheus",
    "Role",
    "RoleBinding",
    "Service",
    "Service",
    "Service",
    "ServiceAccount",
    "ServiceAccount",
    "ServiceAccount",
    "ServiceAccount",
]
