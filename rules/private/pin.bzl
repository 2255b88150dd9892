"""The pin rule: images of an environment, from a service's lock file."""

load("//rules/private/providers:pin_info.bzl", "PinInfo")
load(":labels.bzl", "label_text")
load(":manifest_tool.bzl", "MANIFEST_ATTRS", "manifest_args", "run_manifest")

def _pin_impl(ctx):
    pins = ctx.actions.declare_file(ctx.label.name + ".json")
    args = manifest_args(ctx)
    args.add("--label", label_text(ctx.label))
    args.add("--lock", ctx.file.lock)
    args.add("--environment-name", ctx.attr.environment)
    args.add_all(ctx.attr.environments, before_each = "--known-environment")
    args.add_all(ctx.attr.images, before_each = "--known-image")
    args.add_all(
        ["%s=%s" % item for item in ctx.attr.repositories.items()],
        before_each = "--repository",
    )
    args.add("--out", pins)
    run_manifest(ctx, "pins", args, [ctx.file.lock], pins, "K8sPins", "Checking pins %{label}")
    return [
        DefaultInfo(files = depset([pins])),
        PinInfo(attestations = tuple(ctx.files.attestations), environment = ctx.attr.environment, lock = pins),
    ]

pin = rule(
    implementation = _pin_impl,
    doc = "The images that an environment runs, as a lock file says, which is checked as a whole. " +
          "A k8s_object that has it takes no image from a build, and is resolved anew only if a pin of its " +
          "own environment changes.",
    attrs = MANIFEST_ATTRS | {
        "attestations": attr.label_list(
            allow_files = [".json"],
            doc = "Envelopes of DSSE, each called for its image: `<SHA-256>.json`. What runs with the pins where proof is required.",
        ),
        "environment": attr.string(mandatory = True, doc = "Environment: a key of the lock file."),
        "environments": attr.string_list(
            doc = "The environments that the lock file may have pins of; any where empty.",
        ),
        "images": attr.string_list(
            doc = "The image keys that the lock file may have pins of: nothing would use another. Any where empty.",
        ),
        "lock": attr.label(
            mandatory = True,
            allow_single_file = [".json"],
            doc = "The lock file: `{environment: {image key: {\"image\": \"registry/project/name@sha256:...\"}}}`.",
        ),
        "repositories": attr.string_dict(
            doc = "Image key -> repository: where the image of a pin of this environment must be. Anywhere where empty.",
        ),
    },
    provides = [PinInfo],
)
