"""K8sObjectsInfo: groups of objects and the order between them."""

K8sObjectsInfo = provider(
    doc = "Groups of Kubernetes objects of one environment. A group is applied once, however often it is reached.",
    fields = {
        "binding": "struct: what `bind` was given and the environment; equal in all members",
        "edges": "depset[struct(group, needs)]: group ids: `needs` must be ready before `group` is",
        "externals": "depset[str]: what the objects of unchecked refer to and others make, `Kind/name`; empty by default",
        "given": "depset[File]: rendered manifests of setup, which the objects may refer to; empty where `bind` names none",
        "groups": "depset[struct(id, label, members, objects)]: every group reached, dependencies first; `members` is " +
                  "`all`, or `part` where it is one object that is applied by itself; `objects` is a tuple of struct(label, kind, manifest, policy)",
        "image_files": "depset[File]: what a push reads: manifests, configs, layers; empty when images is",
        "images": "depset[struct]: the images to push, each as rules/private/request.bzl writes it",
        "manifests": "depset[File]: the resolved manifest of every object reached",
        "pins": "depset[File]: the pins of the environment that objects take images from; empty where none is pinned",
        "proof_files": "depset[File]: what proofs names; empty when it is",
        "proofs": "depset[struct(label, pins, attestations)]: what proves the pinned images: the label of a pin target, its File and a " +
                  "tuple of Files; empty where the environment requires no proof",
        "rendered": "depset[File]: the manifest of every object reached as JSON, images still called by their names",
        "tops": "tuple[str]: ids of the groups that the target itself stands for; a deep target " +
                "stands for its own, not for those it depends on",
        "unchecked": "depset[File]: those of rendered whose references no target below checks; empty for a deep target, which does",
    },
)
