"""The deployments_page rule: a page that says what is deployed in an environment."""

load("//tools/lib/runfiles:launcher.bzl", "declare_request", "launcher")
load(":labels.bzl", "label_text")

# The version of the request's schema: the tool refuses another.
_VERSION = 1

def _deployments_page_impl(ctx):
    for pattern in ctx.attr.patterns:
        if not pattern.startswith("//"):
            fail("deployments_page %s: attribute patterns: got %r, want patterns of this repository as in \"//services/...\"" % (
                label_text(ctx.label),
                pattern,
            ))
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
        "patterns": attr.string_list(
            allow_empty = False,
            default = ["//..."],
            doc = "The k8s_objects that the page tells of, as target patterns. Manual targets are left out.",
        ),
        "_tool": attr.label(cfg = "exec", default = "//tools/page:tool", executable = True),
    },
    executable = True,
)
