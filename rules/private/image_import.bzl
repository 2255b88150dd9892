"""The image_import and image_pull rules: images that something else made or holds."""

load("//rules/private/providers:image_info.bzl", "ImageInfo")
load(":image_files.bzl", "TOOL_ATTRS", "image_providers")
load(":image_platform.bzl", "PLATFORM_ATTRS", "add_platform")
load(":labels.bzl", "label_text")
load(":platform_transition.bzl", "platform_transition")

def _take(ctx, rule_name, flag, file, outputs):
    """Declares the action that takes an image out of a file or a directory.

    Args:
      ctx: the rule's context.
      rule_name: for messages.
      flag: what the file is: `--layout`, `--archive` or `--lock`.
      file: the File.
      outputs: dict of flag -> further output.

    Returns:
      a struct with config, manifest and descriptor.
    """
    name = ctx.label.name
    config = ctx.actions.declare_file(name + ".config.json")
    manifest = ctx.actions.declare_file(name + ".manifest.json")
    descriptor = ctx.actions.declare_file(name + ".descriptor.json")
    args = ctx.actions.args()
    args.add("import")
    args.add_all([file], before_each = flag, expand_directories = False)
    add_platform(args, ctx, rule_name)
    for out, output in outputs.items():
        args.add_all([output], before_each = out, expand_directories = False)
    args.add("--config-out", config)
    args.add("--manifest-out", manifest)
    args.add("--descriptor-out", descriptor)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = [file],
        mnemonic = "ImageImport",
        outputs = [config, manifest, descriptor] + outputs.values(),
        progress_message = "Taking image %{label}",
    )
    return struct(config = config, descriptor = descriptor, manifest = manifest)

def _info(image, layout = None, source = None):
    return ImageInfo(
        config = image.config,
        descriptor = image.descriptor,
        layers = (),
        layout = layout,
        manifest = image.manifest,
        manifests = (),
        source = source,
    )

def _import_impl(ctx):
    layout, archive = ctx.file.layout, ctx.file.archive
    if bool(layout) == bool(archive):
        got = "layout and archive" if layout else "nothing"
        fail("image_import %s: attribute layout: got %s, want a layout or an archive" % (label_text(ctx.label), got))
    if layout:
        # Bazel does not say of a source that it is a directory.
        if not layout.is_source and not layout.is_directory:
            fail("image_import %s: attribute layout: got %s, which gives a file, want a directory; a file is an archive" %
                 (label_text(ctx.label), label_text(ctx.attr.layout.label)))
        return image_providers(ctx, _info(_take(ctx, "image_import", "--layout", layout, {}), layout = layout))
    layout = ctx.actions.declare_directory(ctx.label.name + ".layout")
    image = _take(ctx, "image_import", "--archive", archive, {"--layout-out": layout})
    return image_providers(ctx, _info(image, layout = layout))

image_import = rule(
    implementation = _import_impl,
    doc = """An image that another rule or tool has made, from an OCI layout directory or a tar archive.

Every blob of the image is read, and must be what its digest says. Of an index, the image for the platform is taken;
of images for others, nothing needs to be there. Layers that are compressed stay as they are.

```starlark
image_import(
    name = "legacy",
    layout = ":image_of_rules_oci",
)

image_import(
    name = "saved",
    archive = "saved.tar",  # docker save, podman save, skopeo copy ... oci-archive:
)
```
""",
    attrs = PLATFORM_ATTRS | TOOL_ATTRS | {
        "archive": attr.label(
            allow_single_file = [".tar"],
            doc = "A tar archive: what `docker save` writes, or of an OCI layout.",
        ),
        "layout": attr.label(
            allow_single_file = True,
            doc = "An OCI layout directory, as `oci_image` of rules_oci makes it, and rules_img in its output " +
                  "group `oci_layout`.",
        ),
    },
    cfg = platform_transition,
    fragments = ["platform"],
    provides = [ImageInfo],
)

def _pull_impl(ctx):
    source = ctx.actions.declare_file(ctx.label.name + ".source.json")
    image = _take(ctx, "image_pull", "--lock", ctx.file.lock, {"--source-out": source})
    return image_providers(ctx, _info(image, source = source))

image_pull = rule(
    implementation = _pull_impl,
    doc = """An image that is in a registry: what is under an image that is built here, mostly.

What its registry says of it stands in a lock file beside the BUILD file, so that a build asks no registry. Its layers
stay where they are: a push has them mounted, or copied from registry to registry, where they are missing.

```text
bazel run @windlass//tools/image -- pull ghcr.io/acme/base:v1 --lock base.lock.json
```

```starlark
image_pull(
    name = "base",
    lock = "base.lock.json",
)

image(
    name = "image",
    base = ":base",
    entrypoint = ["/server"],
    layers = [":server.layer"],
)
```
""",
    attrs = PLATFORM_ATTRS | TOOL_ATTRS | {
        "lock": attr.label(
            allow_single_file = [".json"],
            doc = "What `image pull` has written. Without an image, it looks up again the one that is in it, for the " +
                  "platforms that it was made with.",
            mandatory = True,
        ),
    },
    cfg = platform_transition,
    fragments = ["platform"],
    provides = [ImageInfo],
)
