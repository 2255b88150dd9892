"""The deployments_page rule: a page that says what is deployed in an environment."""

load("//tools/lib/runfiles:launcher.bzl", "declare_request", "launcher")
load(":labels.bzl", "label_text")
load(":patterns.bzl", "check_patterns", "patterns_attr")

# The version of the request's schema: the tool refuses another.
_VERSION = 1

def _deployments_page_impl(ctx):
    check_patterns(ctx, "deployments_page")
    request = declare_request(ctx, struct(
        version = _VERSION,
        label = label_text(ctx.label),
        targets = ctx.attr.patterns,
    ))
    return launcher(ctx, ctx.attr._tool, request, ctx.runfiles())

deployments_page = rule(
    implementation = _deployments_page_impl,
    doc = "Writes a page that says what is deployed in an environment when it is run: `-- --env prod`. It asks Bazel for manifests " +
          "and pins, so nothing of them is built before.",
    attrs = {
        "patterns": patterns_attr("the page tells of"),
        "_tool": attr.label(cfg = "exec", default = "//tools/page:tool", executable = True),
    },
    executable = True,
)
