"""The image rule: layers and how to start what is in them."""

load("//rules/private/providers:image_info.bzl", "ImageInfo")
load("//rules/private/providers:layer_info.bzl", "LayerInfo")
load(":image_files.bzl", "TOOL_ATTRS", "image_providers")
load(":image_layer.bzl", "is_ids", "is_image_path", "is_line")
load(":image_platform.bzl", "PLATFORM_ATTRS")
load(":labels.bzl", "label_text")
load(":manifest_action.bzl", "make_manifest")
load(":platform_transition.bzl", "base_transition", "platform_transition")
load(":refusal.bzl", "refuser")

_refuse = refuser("image")

def _check(ctx):
    attr = ctx.attr
    if not is_ids(attr.user):
        want = "numbers, as in \"65532:65532\"; nodes cannot tell whether a name is root"
        _refuse(ctx, "user", attr.user, want)
    if attr.workdir and attr.workdir != "/" and not is_image_path(attr.workdir):
        _refuse(ctx, "workdir", attr.workdir, "an absolute path in the image, as in \"/data\"")
    for path in attr.volumes:
        if not is_image_path(path):
            _refuse(ctx, "volumes", path, "an absolute path in the image, as in \"/data\"")
    for attribute, names in {"env": attr.env, "labels": attr.labels}.items():
        for name in names:
            if not name or "=" in name:
                _refuse(ctx, attribute, name, "names without \"=\"")
    for port in attr.exposed_ports:
        number, _, protocol = port.partition("/")
        in_range = number.isdigit() and 1 <= int(number) and int(number) <= 65535
        if not in_range or protocol not in ["tcp", "udp"] and port != number:
            _refuse(ctx, "exposed_ports", port, "a port from 1 to 65535, as in \"8080\" or \"53/udp\"")
    for attribute, texts in {
        "cmd": attr.cmd,
        "entrypoint": attr.entrypoint,
        "env": attr.env.keys() + attr.env.values(),
        "labels": attr.labels.keys() + attr.labels.values(),
        "stop_signal": [attr.stop_signal],
    }.items():
        for text in texts:
            if not is_line(text):
                _refuse(ctx, attribute, text, "one line")

def _base(ctx):
    """The image that this one is built on, or None."""
    if not ctx.attr.base:
        return None

    # A transition makes a list of it.
    target = ctx.attr.base[0]
    if target[ImageInfo].manifests:
        _refuse(ctx, "base", label_text(target.label), "an image for one platform, not an index")
    return target[ImageInfo]

def _add_process(args, ctx):
    """Adds how to start what is in the image."""
    args.add_all(ctx.attr.entrypoint, format_each = "--entrypoint=%s")
    args.add_all(ctx.attr.cmd, format_each = "--cmd=%s")
    args.add_all(["%s=%s" % pair for pair in ctx.attr.env.items()], format_each = "--env=%s")
    args.add_all(["%s=%s" % pair for pair in ctx.attr.labels.items()], format_each = "--label=%s")
    args.add_all(ctx.attr.exposed_ports, format_each = "--port=%s")
    args.add_all(ctx.attr.volumes, format_each = "--volume=%s")
    args.add("--user", ctx.attr.user)
    if ctx.attr.workdir:
        args.add("--workdir", ctx.attr.workdir)
    if ctx.attr.stop_signal:
        args.add("--stop-signal", ctx.attr.stop_signal)

def _impl(ctx):
    _check(ctx)
    layers = [target[LayerInfo] for target in ctx.attr.layers]
    layers = tuple([struct(blob = layer.blob, metadata = layer.metadata) for layer in layers])
    return image_providers(ctx, make_manifest(
        ctx,
        process = lambda args: _add_process(args, ctx),
        layers = layers,
        rule_name = "image",
        base = _base(ctx),
    ))

image = rule(
    implementation = _impl,
    doc = """A container image for the nodes of the cluster.

Its manifest and its digest are outputs of the build; no daemon and no registry is needed. With
`--output_groups=oci_layout` it is built as an OCI layout directory, for other tools to read.

```starlark
image(
    name = "image",
    entrypoint = ["/server"],
    layers = [":server.layer", ":config"],
)
```
""",
    attrs = PLATFORM_ATTRS | TOOL_ATTRS | {
        "base": attr.label(
            cfg = base_transition,
            doc = "The image to build on, for the same platform: its layers come first, and what is not said " +
                  "here (entrypoint, env, ...) is as it says. `user` is said here.",
            providers = [ImageInfo],
        ),
        "cmd": attr.string_list(
            doc = "Arguments that a container may replace.",
        ),
        "entrypoint": attr.string_list(
            doc = "The program, and arguments that always come first.",
        ),
        "env": attr.string_dict(
            doc = "Environment variables.",
        ),
        "exposed_ports": attr.string_list(
            doc = "Ports that the program listens on, as in `8080` or `53/udp`. For people: nothing opens or closes by it.",
        ),
        "labels": attr.string_dict(
            doc = "Labels, as in `{\"org.opencontainers.image.source\": \"https://...\"}`. Their values are part of the digest.",
        ),
        "layers": attr.label_list(
            doc = "The layers, bottom first, on top of those of the base. What changes most often goes last.",
            providers = [LayerInfo],
        ),
        "stop_signal": attr.string(
            doc = "The signal that asks the program to end; SIGTERM if not given.",
        ),
        "user": attr.string(
            default = "65532:65532",
            doc = "Who the program runs as: `<uid>:<gid>`.",
        ),
        "volumes": attr.string_list(
            doc = "Paths that other storage is put at, as in `/data`. Docker makes a volume of its own for each that a " +
                  "container is not given one for; Kubernetes does nothing by it.",
        ),
        "workdir": attr.string(
            doc = "Where the program starts; the root if not given.",
        ),
    },
    cfg = platform_transition,
    fragments = ["platform"],
    provides = [ImageInfo],
)
