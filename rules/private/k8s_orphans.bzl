"""The k8s_orphans rule: a run target that lists what services that are gone have left in an environment."""

load("//rules/private/providers:k8s_objects_info.bzl", "K8sObjectsInfo")
load(":binding.bzl", "decode_binding")
load(":request.bzl", "launch")

def _k8s_orphans_impl(ctx):
    info = K8sObjectsInfo(
        binding = decode_binding(ctx.attr.binding),
        edges = depset(),
        externals = depset(),
        given = depset(),
        groups = depset(),
        image_files = depset(),
        images = depset(),
        manifests = depset(),
        pins = depset(),
        proof_files = depset(),
        proofs = depset(),
        rendered = depset(),
        tops = (),
        unchecked = depset(),
    )
    return [launch(ctx, "orphans", info, ctx.attr._deploy)]

k8s_orphans = rule(
    implementation = _k8s_orphans_impl,
    doc = "Lists what services that are gone from the repository have left in an environment, and deletes it with `-- --delete`. " +
          "It asks Bazel which groups the checkout describes.",
    attrs = {
        "binding": attr.string(mandatory = True, doc = "Cluster and environment, as `bind` writes them."),
        "_deploy": attr.label(cfg = "exec", default = "//tools/deploy", executable = True),
    },
    executable = True,
)
