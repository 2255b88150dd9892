"""The rendered_diff rule: what a change does to the manifests of each environment."""

load("//tools/lib/runfiles:launcher.bzl", "declare_request", "launcher")
load(":labels.bzl", "label_text")
load(":patterns.bzl", "check_patterns", "patterns_attr")
load(":rendered_request.bzl", "REQUEST_VERSION")

def _rendered_diff_impl(ctx):
    check_patterns(ctx, "rendered_diff")
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
        "patterns": patterns_attr("are compared"),
        "_tool": attr.label(cfg = "exec", default = "//tools/rendered", executable = True),
    },
    executable = True,
)
