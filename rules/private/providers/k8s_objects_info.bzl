"""K8sObjectsInfo: groups of objects and the order between them."""

K8sObjectsInfo = provider(
    doc = "Groups of Kubernetes objects of one environment. A group is applied once, however often it is reached.",
    fields = {
        "binding": "struct: what `bind` was given and the environment; equal in all members",
        "edges": "depset[struct(group, needs)]: group ids: `needs` must be ready before `group` is",
        "groups": "depset[struct(id, label, objects)]: every group reached, dependencies first; `objects` is a tuple of struct(label, kind, manifest, policy)",
        "image_files": "depset[File]: what a push reads: manifests, configs, layers; empty when images is",
        "images": "depset[struct]: the images to push, each as rules/private/request.bzl writes it",
        "manifests": "depset[File]: the resolved manifest of every object reached",
        "tops": "tuple[str]: ids of the groups that the target itself stands for; a deep target " +
                "stands for its own, not for those it depends on",
    },
)
