"""The pin rule: images of an environment, from a service's lock file."""

load("//rules/private/providers:pin_info.bzl", "PinInfo")

def _pin_impl(ctx):
    return [
        DefaultInfo(files = depset([ctx.file.lock])),
        PinInfo(environment = ctx.attr.environment, lock = ctx.file.lock),
    ]

pin = rule(
    implementation = _pin_impl,
    doc = "The images that an environment runs, as its lock file says. " +
          "A k8s_object that has it takes no image from a build.",
    attrs = {
        "environment": attr.string(mandatory = True, doc = "Environment: a key of the lock file."),
        "lock": attr.label(
            mandatory = True,
            allow_single_file = [".json"],
            doc = "The lock file: `{environment: {image key: {\"image\": \"registry/project/name@sha256:...\"}}}`.",
        ),
    },
    provides = [PinInfo],
)
