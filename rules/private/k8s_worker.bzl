"""The k8s_worker rule: a run target that has the runner of the cluster apply a group."""

load("//rules/private/providers:image_info.bzl", "ImageInfo")
load("//rules/private/providers:k8s_objects_info.bzl", "K8sObjectsInfo")
load(":image_files.bzl", "image_files")
load(":labels.bzl", "label_text")
load(":reference.bzl", "bundle_repository")
load(":request.bzl", "image_request", "launch")

def _k8s_worker_impl(ctx):
    info = ctx.attr.objects[K8sObjectsInfo]
    binding = info.binding
    bundle = ctx.attr.bundle[ImageInfo]
    worker = struct(
        bundle = image_request(struct(
            files = bundle,
            insecure = binding.registry_scheme == "http",
            key = "bundle",
            label = label_text(ctx.attr.bundle.label),
            # The one that the policies of the runner know.
            repository = bundle_repository(binding.registry, binding.project, ctx.attr.objects.label),
        )),
        setup = ctx.attr.setup,
    )
    return [launch(ctx, "worker", info, ctx.attr._deploy, worker, image_files(bundle))]

k8s_worker = rule(
    implementation = _k8s_worker_impl,
    doc = "Pushes a group's images and its bundle when it is run, asks the runner of the cluster to apply the bundle, and follows it.",
    attrs = {
        "bundle": attr.label(mandatory = True, providers = [ImageInfo], doc = "The k8s_bundle of the group."),
        "objects": attr.label(mandatory = True, providers = [K8sObjectsInfo], doc = "A k8s_objects target."),
        "setup": attr.string(doc = "The target that makes the runner, for hints; empty where nobody has said."),
        "_deploy": attr.label(cfg = "exec", default = "//tools/deploy", executable = True),
    },
    executable = True,
)
