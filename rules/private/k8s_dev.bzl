"""The k8s_dev rule: a run target that builds and applies a group whenever a source of it is saved."""

load("//tools/lib/runfiles:launcher.bzl", "declare_request", "launcher")
load(":labels.bzl", "label_text")

# The version of the request's schema: the tool refuses another.
_VERSION = 1

def _k8s_dev_impl(ctx):
    request = declare_request(ctx, struct(
        version = _VERSION,
        label = label_text(ctx.label),
        apply = ctx.attr.apply,
    ))
    return [launcher(ctx, ctx.attr._tool, request, ctx.runfiles())]

k8s_dev = rule(
    implementation = _k8s_dev_impl,
    doc = "Builds and applies a group whenever one of its sources is saved, shows the logs of what changed, and forwards the " +
          "ports of its Services, until Ctrl-C. It asks Bazel itself, so nothing of the group is built before.",
    attrs = {
        "apply": attr.string(
            mandatory = True,
            doc = "The run target that applies the group, as label text: a group that does not build is one to be mended.",
        ),
        "_tool": attr.label(cfg = "exec", default = "//tools/dev", executable = True),
    },
    executable = True,
)
