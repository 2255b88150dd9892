"""The image_test rule: a test of what is in an image."""

load("//rules/private/providers:image_info.bzl", "ImageInfo")
load("//tools/lib/runfiles:launcher.bzl", "declare_request", "launcher")
load("//tools/lib/runfiles:runfiles.bzl", "runfile")
load(":image_files.bzl", "TOOL_ATTRS")
load(":image_layer.bzl", "is_image_path", "is_mode")
load(":labels.bzl", "label_text")
load(":refusal.bzl", "refuser")

# The version of the request's schema: the tool refuses another.
_VERSION = 1

# Units of sizes, longest first.
_UNITS = {
    "kB": 1000,
    "MB": 1000 * 1000,
    "GB": 1000 * 1000 * 1000,
    "B": 1,
}

_refuse = refuser("image_test")

def _check(ctx):
    for attribute, paths in {"files": ctx.attr.files, "no_files": ctx.attr.no_files}.items():
        for path in paths:
            if not is_image_path(path):
                want = "an absolute path in the image without `.`, `..` or double slashes, as in \"/app/config.json\""
                _refuse(ctx, attribute, path, want)
    for mode in ctx.attr.files.values():
        if mode and not is_mode(mode):
            _refuse(ctx, "files", mode, "a mode of four octal digits, as in \"0644\", or nothing for any")

def _bytes(ctx):
    """The most bytes that the image may have; None if nothing is said of it."""
    text = ctx.attr.max_size
    if not text:
        return None
    for unit, bytes in _UNITS.items():
        number = text.removesuffix(unit)
        if number != text and number.isdigit():
            return int(number) * bytes
    return _refuse(ctx, "max_size", text, "a number and one of B, kB, MB or GB, as in \"20MB\"")

def _layout(ctx):
    """The image as one directory."""
    info = ctx.attr.image[ImageInfo]
    if info.manifests:
        _refuse(ctx, "image", label_text(ctx.attr.image.label), "an image for one platform, not an index: test the image that it is made of")
    if info.source:
        want = "an image all of whose layers are here, not on a base that stays in its registry: test one with the same layers and no base"
        _refuse(ctx, "image", label_text(ctx.attr.image.label), want)
    layout = ctx.attr.image[OutputGroupInfo].oci_layout.to_list()
    if len(layout) != 1:
        _refuse(ctx, "image", label_text(ctx.attr.image.label), "an image with one OCI layout directory")
    return layout[0]

def _impl(ctx):
    _check(ctx)
    attr = ctx.attr
    layout = _layout(ctx)
    request = declare_request(ctx, struct(
        version = _VERSION,
        verb = "check",
        label = label_text(ctx.label),
        image = label_text(attr.image.label),
        layout = runfile(layout),
        expected = struct(
            entrypoint = attr.entrypoint,
            env = attr.env,
            files = attr.files,
            labels = attr.labels,
            max_size = _bytes(ctx),
            no_files = attr.no_files,
            no_shell = attr.no_shell,
            user_not_root = attr.user_not_root,
        ),
    ))
    return launcher(ctx, attr._tool, request, ctx.runfiles(files = [layout]))

image_test = rule(
    implementation = _impl,
    doc = """A test of what is in an image, and how large it is.

It looks at the image as a container would see it: later layers hide earlier ones, and symbolic links
are followed inside the image. It always asks that the program that the image starts is there and can be
run. Everything that does not hold is said, and the test's log has the image's size and its largest files.

```starlark
image_test(
    name = "image_test",
    files = {"/etc/server/config.json": "0644"},
    image = ":image",
    max_size = "20MB",
    no_shell = True,
)
```
""",
    attrs = TOOL_ATTRS | {
        "entrypoint": attr.string_list(
            doc = "What the entrypoint is; not looked at if not given.",
        ),
        "env": attr.string_dict(
            doc = "Environment variables of the image, among others.",
        ),
        "files": attr.string_dict(
            doc = "Files and folders: path in the image -> mode, or nothing for any: `{\"/tmp\": \"1777\", \"/server\": \"\"}`.",
        ),
        "image": attr.label(
            doc = "The image.",
            mandatory = True,
            providers = [[ImageInfo, OutputGroupInfo]],
        ),
        "labels": attr.string_dict(
            doc = "Labels of the image, among others.",
        ),
        "max_size": attr.string(
            doc = "How large all layers may be together as they are sent, compressed: a number and B, kB, MB or GB " +
                  "(powers of ten), as in `20MB`.",
        ),
        "no_files": attr.string_list(
            doc = "Paths in the image where nothing may be, no folder and no link either.",
        ),
        "no_shell": attr.bool(
            doc = "No sh, bash, busybox or other shell in any folder. Not the default: an image with a distribution " +
                  "below has one. Set it where nothing but the program is wanted.",
        ),
        "user_not_root": attr.bool(
            default = True,
            doc = "The image's user is a number, and not 0: what `runAsNonRoot` of Kubernetes asks for.",
        ),
    },
    test = True,
)
