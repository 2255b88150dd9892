"""The rules of Kubernetes objects, tied to //:cluster_constants.bzl. BUILD files load them from here."""

load("@windlass_user//:user.bzl", "USER")
load("//:cluster_constants.bzl", "CLUSTER", "ENVS", "KUBERNETES_VERSIONS", "MAIN_BRANCH", "PROJECT", "REGISTRY", "REGISTRY_SCHEME", "SYSTEM_NAMESPACES", "THIRD_PARTY")
load("//rules:k8s.bzl", "bind")

_bound = bind(
    cluster = CLUSTER,
    cluster_objects = ["//prod:cluster"],
    envs = ENVS,
    kubernetes_versions = KUBERNETES_VERSIONS,
    main_branch = MAIN_BRANCH,
    monitoring = "//prod/monitoring",
    project = PROJECT,
    registry = REGISTRY,
    registry_scheme = REGISTRY_SCHEME,
    runner_setup = "//prod:runner-setup.apply",
    setup = "//prod:setup.apply",
    system_namespaces = SYSTEM_NAMESPACES,
    third_party = THIRD_PARTY,
    user = USER,
)

# Environment -> namespace. A personal one is missing where no user is known, as on a CI machine.
NAMESPACES = {env: namespace for env, namespace in _bound.namespaces.items() if namespace}

agent = _bound.agent
k8s_object = _bound.k8s_object
k8s_objects = _bound.k8s_objects
monitoring = _bound.monitoring
orphans = _bound.orphans
params = _bound.params
pin_tool = _bound.pin_tool
runner = _bound.runner
service = _bound.service
setup = _bound.setup
