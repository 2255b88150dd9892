"""The pin_tool rule: the tool that changes, verifies and lists pins, tied to one set of constants."""

load("//tools/lib/runfiles:launcher.bzl", "declare_request", "launcher")

# The version of the request's schema: the tool refuses another.
_VERSION = 3

def _pin_tool_impl(ctx):
    request = declare_request(ctx, struct(
        version = _VERSION,
        project = ctx.attr.project,
        insecure = ctx.attr.registry_scheme == "http",
        main_branch = ctx.attr.main_branch,
        environments = [
            struct(
                name = name,
                images = images,
                registry = ctx.attr.registries.get(name, ctx.attr.registry),
                protected = name in ctx.attr.protected,
                proven = name in ctx.attr.proven,
            )
            for name, images in ctx.attr.images.items()
        ],
    ))
    return launcher(ctx, ctx.attr._tool, request, ctx.runfiles())

pin_tool = rule(
    implementation = _pin_tool_impl,
    doc = "Changes, verifies and lists pins when it is run, in the checkout that `bazel run` is typed in: `-- set`, " +
          "`-- promote`, `-- rollback`, `-- verify`, `-- list`. `bind` gives it the constants.",
    attrs = {
        "images": attr.string_dict(
            mandatory = True,
            doc = "Environment -> where its images come from: `built` or `pinned`. Only the latter has pins.",
        ),
        "main_branch": attr.string(
            default = "main",
            doc = "The branch that the commits of pins must be on, as `origin` has it, or the checkout.",
        ),
        "project": attr.string(mandatory = True, doc = "First part of every image's repository."),
        "protected": attr.string_list(
            doc = "Environments that run no image without the commit that it was built from.",
        ),
        "proven": attr.string_list(
            doc = "Environments that run no image whose attestation is missing.",
        ),
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
