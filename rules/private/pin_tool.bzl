"""The pin_tool rule: the tool that writes and lists pins, tied to one set of constants."""

load("//tools/lib/runfiles:launcher.bzl", "declare_request", "launcher")

# The version of the request's schema: the tool refuses another.
_VERSION = 1

def _pin_tool_impl(ctx):
    request = declare_request(ctx, struct(
        version = _VERSION,
        project = ctx.attr.project,
        insecure = ctx.attr.registry_scheme == "http",
        environments = [
            struct(
                name = name,
                images = images,
                registry = ctx.attr.registries.get(name, ctx.attr.registry),
            )
            for name, images in ctx.attr.images.items()
        ],
    ))
    return launcher(ctx, ctx.attr._tool, request, ctx.runfiles())

pin_tool = rule(
    implementation = _pin_tool_impl,
    doc = "Writes and lists pins when it is run, in the checkout that `bazel run` is typed in: `-- set`, `-- list`. " +
          "`bind` gives it the constants.",
    attrs = {
        "images": attr.string_dict(
            mandatory = True,
            doc = "Environment -> where its images come from: `built` or `pinned`. Only the latter has pins.",
        ),
        "project": attr.string(mandatory = True, doc = "First part of every image's repository."),
        "registries": attr.string_dict(doc = "Environment -> its own host:port, where it has one."),
        "registry": attr.string(mandatory = True, doc = "host:port where images are pulled from."),
        "registry_scheme": attr.string(
            default = "auto",
            values = ["auto", "http"],
            doc = "`auto` (http for a loopback registry, https for any other) or `http`.",
        ),
        "_tool": attr.label(cfg = "exec", default = "//tools/pin:tool", executable = True),
    },
    executable = True,
)
