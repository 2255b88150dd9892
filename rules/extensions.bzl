"""The module extension of windlass: repositories that depend on the machine or on who builds."""

load("//rules/private:go_files_repo.bzl", "go_files_repo")
load("//rules/private:go_jsonnet_repo.bzl", "go_jsonnet_repo")
load("//rules/private:go_program_repo.bzl", "go_program_repo")
load("//rules/private:monitoring_kinds.bzl", "KINDS", "OPERATOR")
load("//rules/private:static_libc_repo.bzl", "static_libc_repo")
load("//rules/private:user_repo.bzl", "user_repo")

def _module(name):
    """The module of our own that requires a module: go.mod and go.sum."""
    return {
        "module": "//tools/monitoring:programs/%s/go.mod" % name,
        "sums": "//tools/monitoring:programs/%s/go.sum" % name,
    }

# Alertmanager is the one that the operator knows: of newer ones, files that npm makes are missing in the module.
_OPERATED = _module("operator") | {"goos": "linux"}

# Of all ways to find what is watched, that of Kubernetes: the others are most of what there is to compile.
_PROMETHEUS = _module("prometheus") | {"tags_of_go": ["enable_kubernetes_sd", "remove_all_sd"]}

# Repository -> what is built for it.
_PROGRAMS = {
    "windlass_alertmanager": _OPERATED | {"packages": ["github.com/prometheus/alertmanager/cmd/alertmanager"]},
    "windlass_node_exporter": _module("prometheus") | {
        "goos": "linux",
        "packages": ["github.com/prometheus/node_exporter"],
    },
    "windlass_prometheus": _PROMETHEUS | {
        "goos": "linux",
        "packages": ["github.com/prometheus/prometheus/cmd/prometheus"],
    },
    "windlass_prometheus_operator": _OPERATED | {
        "packages": [OPERATOR + "/cmd/" + name for name in ["operator", "prometheus-config-reloader"]],
    },
    "windlass_promtool": _PROMETHEUS | {"packages": ["github.com/prometheus/prometheus/cmd/promtool"]},
}

def _windlass_impl(_mctx):
    go_jsonnet_repo(name = "windlass_go_jsonnet")
    static_libc_repo(name = "windlass_static_libc")
    user_repo(name = "windlass_user")
    for name, program in _PROGRAMS.items():
        go_program_repo(name = name, **program)
    go_files_repo(
        name = "windlass_monitoring_crds",
        files = {
            plural + ".yaml": "example/prometheus-operator-crd/monitoring.coreos.com_%s.yaml" % plural
            for plural in KINDS.values()
        },
        of = OPERATOR,
        **_module("operator")
    )

windlass = module_extension(
    implementation = _windlass_impl,
    doc = "Makes @windlass_user, which holds $USER, @windlass_static_libc, which says how the C compiler links, and what Go " +
          "builds or downloads where somebody asks for it: programs of go-jsonnet, programs of monitoring, and the definitions " +
          "of its custom resources.",
)
