"""K8sObjectInfo: one Kubernetes object, resolved."""

K8sObjectInfo = provider(
    doc = "One Kubernetes object of one environment, as it will be applied.",
    fields = {
        "binding": "struct: what `bind` was given and the environment; see rules/private/binding.bzl",
        "image_files": "depset[File]: what a push reads: manifests, configs, layers; empty when images is",
        "images": "depset[struct]: the images to push before it, each as rules/private/request.bzl " +
                  "writes it; empty when it has none of its own or they are pinned",
        "kind": "str: its declared kind, which the resolve action has compared with the manifest's",
        "label": "str: the label of its target, as users type it",
        "manifest": "File: the resolved manifest, one JSON object",
    },
)
