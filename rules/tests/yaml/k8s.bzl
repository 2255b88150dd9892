"""The rules bound to constants that only these tests have."""

load("//rules:k8s.bzl", "bind")

_bound = bind(
    cluster = "harbour",
    envs = {"prod": {"images": "pinned", "namespace": "prod"}},
    project = "harbour",
    registry = "localhost:5000",
    setup = "//x:setup.apply",
    user = "alice",
)

k8s_object = _bound.k8s_object
