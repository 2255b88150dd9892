"""K8sVerbInfo: what a run target of objects does, and where."""

K8sVerbInfo = provider(
    doc = "What a run target of Kubernetes objects does when it is run, and on which cluster.",
    fields = {
        "binding": "struct: what `bind` was given and the environment",
        "pushes": "bool: whether it pushes images that are built here",
        "verb": "str: one of VERBS in rules/private/k8s_verb.bzl",
    },
)
