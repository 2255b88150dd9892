"""The rendered_diff rule: what a change does to the manifests of each environment."""

load("//tools/lib/runfiles:launcher.bzl", "declare_request", "launcher")
load(":labels.bzl", "label_text")
load(":rendered_request.bzl", "REQUEST_VERSION")

def _rendered_diff_impl(ctx):
    for pattern in ctx.attr.patterns:
        if not pattern.startswith("//"):
            fail("rendered_diff %s: attribute patterns: got %r, want patterns of this repository as in \"//services/...\"" % (
                label_text(ctx.label),
                pattern,
            ))
    request = declare_request(ctx, struct(
        version = REQUEST_VERSION,
        label = label_text(ctx.label),
        task = struct(against = struct(targets = ctx.attr.patterns)),
    ))
    return launcher(ctx, ctx.attr._tool, request, ctx.runfiles())

rendered_diff = rule(
    implementation = _rendered_diff_impl,
    doc = "Shows what a change does to rendered manifests when it is run: `-- --against main`. It asks Bazel for both " +
          "sides, so nothing of them is built before.",
    attrs = {
        "patterns": attr.string_list(
            allow_empty = False,
            default = ["//..."],
            doc = "The k8s_objects that are compared, as target patterns. Manual targets are left out.",
        ),
        "_tool": attr.label(cfg = "exec", default = "//tools/rendered", executable = True),
    },
    executable = True,
)
