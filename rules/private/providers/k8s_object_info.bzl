"""K8sObjectInfo: one Kubernetes object, resolved."""

K8sObjectInfo = provider(
    doc = "One Kubernetes object, as it will be applied. Its target has K8sObjectsInfo too, for the rest.",
    fields = {
        "kind": "str: its declared kind, which the resolve action has compared with the manifest's",
        "label": "str: the label of its target, as users type it",
        "manifest": "File: the resolved manifest, one JSON object",
        "policy": "struct(ignore_fields, ready_when, recreate): the attributes of k8s_object; lists as tuples, empty by default",
        "rendered": "File: the manifest as JSON before images are resolved: without digests",
    },
)
