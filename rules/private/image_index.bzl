"""The image_index rule: images for several platforms under one name."""

load("//rules/private/providers:image_info.bzl", "ImageInfo")
load(":image_files.bzl", "TOOL_ATTRS", "image_providers")
load(":labels.bzl", "label_text")
load(":platform_transition.bzl", "index_transition")

def _refuse(ctx, attribute, got, want):
    fail("image_index %s: attribute %s: got %s, want %s" % (label_text(ctx.label), attribute, got, want))

def _images(ctx):
    if bool(ctx.attr.image) == bool(ctx.attr.images):
        _refuse(ctx, "images", "image and images" if ctx.attr.image else "nothing", "image with platforms, or images")
    if bool(ctx.attr.image) != bool(ctx.attr.platforms):
        _refuse(ctx, "platforms", ctx.attr.platforms or "nothing", "the platforms to build image for")
    targets = ctx.attr.images
    if ctx.attr.image:
        targets = [ctx.split_attr.image[str(number)] for number in range(len(ctx.attr.platforms))]
    for target in targets:
        if target[ImageInfo].manifests:
            _refuse(ctx, "images", label_text(target.label), "images, not another index")
    return tuple([target[ImageInfo] for target in targets])

def _impl(ctx):
    images = _images(ctx)
    index = ctx.actions.declare_file(ctx.label.name + ".index.json")
    descriptor = ctx.actions.declare_file(ctx.label.name + ".descriptor.json")
    args = ctx.actions.args()
    args.add("index")
    for image in images:
        args.add_all("--image", [image.descriptor, image.config])
    args.add("--manifest-out", index)
    args.add("--descriptor-out", descriptor)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = [file for image in images for file in (image.descriptor, image.config)],
        mnemonic = "ImageIndex",
        outputs = [index, descriptor],
        progress_message = "Making index %{label}",
    )
    return image_providers(ctx, ImageInfo(
        config = None,
        descriptor = descriptor,
        layers = (),
        layout = None,
        manifest = index,
        manifests = images,
        source = None,
    ))

image_index = rule(
    implementation = _impl,
    doc = """Images for several platforms under one name: each node takes its own.

```starlark
image_index(
    name = "index",
    image = ":image",
    platforms = [
        "@windlass//rules/platforms:linux_amd64",
        "@windlass//rules/platforms:linux_arm64",
    ],
)
```

It can stand wherever an image can: in `service(images = ...)`, `image_push` and so on.
""",
    attrs = TOOL_ATTRS | {
        "image": attr.label(
            cfg = index_transition,
            doc = "An image to build for each of the platforms.",
            providers = [ImageInfo],
        ),
        "images": attr.label_list(
            doc = "Images that are for one platform each, instead.",
            providers = [ImageInfo],
        ),
        "platforms": attr.label_list(
            doc = "What to build `image` for.",
            providers = [platform_common.PlatformInfo],
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
            doc = "Without it Bazel lets no rule change configurations.",
        ),
    },
    provides = [ImageInfo],
)
