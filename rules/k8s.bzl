"""Kubernetes objects: `bind` ties these rules to a repository's constants.

```starlark
# prod/k8s.bzl
load("@windlass//rules:k8s.bzl", "bind")
load("@windlass_user//:user.bzl", "USER")
load("//:cluster_constants.bzl", "CLUSTER", "ENVS", "PROJECT", "REGISTRY")

_bound = bind(cluster = CLUSTER, registry = REGISTRY, project = PROJECT, envs = ENVS, user = USER, setup = "//prod:setup.apply")
k8s_object = _bound.k8s_object
k8s_objects = _bound.k8s_objects
service = _bound.service
```
"""

load("//rules/private:bind.bzl", _bind = "bind")
load("//rules/private:k8s_bundle.bzl", _k8s_bundle = "k8s_bundle")
load("//rules/private:k8s_policy.bzl", _k8s_policy = "k8s_policy")
load("//rules/private/providers:k8s_object_info.bzl", _K8sObjectInfo = "K8sObjectInfo")
load("//rules/private/providers:k8s_objects_info.bzl", _K8sObjectsInfo = "K8sObjectsInfo")

K8sObjectInfo = _K8sObjectInfo
K8sObjectsInfo = _K8sObjectsInfo
bind = _bind
k8s_bundle = _k8s_bundle
k8s_policy = _k8s_policy
