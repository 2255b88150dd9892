"""The image rule: layers and how to start what is in them."""

load("//rules/private/providers:image_info.bzl", "ImageInfo")
load("//rules/private/providers:layer_info.bzl", "LayerInfo")
load(":image_layer.bzl", "is_ids", "is_image_path")
load(":labels.bzl", "label_text")
load(":platform_transition.bzl", "platform_transition")

# Constraint -> how Go, and so OCI, calls it.
_ARCHITECTURES = {
    "@platforms//cpu:aarch64": "arm64",
    "@platforms//cpu:x86_64": "amd64",
}
_SYSTEMS = {"@platforms//os:linux": "linux"}

def _refuse(ctx, attribute, got, want):
    fail("image %s: attribute %s: got %s, want %s" % (label_text(ctx.label), attribute, repr(got), want))

def _check(ctx):
    attr = ctx.attr
    if not is_ids(attr.user):
        want = "numbers, as in \"65532:65532\"; nodes cannot tell whether a name is root"
        _refuse(ctx, "user", attr.user, want)
    if attr.workdir and attr.workdir != "/" and not is_image_path(attr.workdir):
        _refuse(ctx, "workdir", attr.workdir, "an absolute path in the image, as in \"/data\"")
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
        "env": attr.env.values(),
        "labels": attr.labels.values(),
    }.items():
        for text in texts:
            if "\n" in text:
                _refuse(ctx, attribute, text, "one line")

def _called(ctx, constraints, what):
    """How the one of some constraints is called that the platform has."""
    for constraint in constraints:
        if ctx.target_platform_has_constraint(constraint[platform_common.ConstraintValueInfo]):
            return constraints[constraint]
    return _refuse(
        ctx,
        "platform",
        label_text(ctx.fragments.platform.platform),
        "a platform whose %s is one of %s" % (what, ", ".join(constraints.values())),
    )

def _manifest(ctx, layers):
    """Declares the action that writes config, manifest and descriptor."""
    name = ctx.label.name
    config = ctx.actions.declare_file(name + ".config.json")
    manifest = ctx.actions.declare_file(name + ".manifest.json")
    descriptor = ctx.actions.declare_file(name + ".descriptor.json")
    metadata = [layer.metadata for layer in layers]

    args = ctx.actions.args()
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    args.add("manifest")
    args.add("--os", _called(ctx, ctx.attr._systems, "system"))
    args.add("--architecture", _called(ctx, ctx.attr._architectures, "processor"))
    args.add_all(metadata, before_each = "--layer")
    args.add_all(ctx.attr.entrypoint, format_each = "--entrypoint=%s")
    args.add_all(ctx.attr.cmd, format_each = "--cmd=%s")
    args.add_all(["%s=%s" % pair for pair in ctx.attr.env.items()], format_each = "--env=%s")
    args.add_all(["%s=%s" % pair for pair in ctx.attr.labels.items()], format_each = "--label=%s")
    args.add_all(ctx.attr.exposed_ports, format_each = "--port=%s")
    args.add("--user", ctx.attr.user)
    if ctx.attr.workdir:
        args.add("--workdir", ctx.attr.workdir)
    if ctx.attr.stop_signal:
        args.add("--stop-signal", ctx.attr.stop_signal)
    args.add("--config-out", config)
    args.add("--manifest-out", manifest)
    args.add("--descriptor-out", descriptor)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = metadata,
        mnemonic = "ImageManifest",
        outputs = [config, manifest, descriptor],
        progress_message = "Making image %{label}",
    )
    return ImageInfo(config = config, descriptor = descriptor, layers = layers, manifest = manifest)

def _layout(ctx, info):
    """Declares the action that writes an OCI layout directory; it runs when that is asked for."""
    layout = ctx.actions.declare_directory(ctx.label.name + ".oci")
    inputs = [info.manifest, info.config, info.descriptor]

    args = ctx.actions.args()
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    args.add("layout")
    args.add("--manifest", info.manifest)
    args.add("--config", info.config)
    args.add("--descriptor", info.descriptor)
    for layer in info.layers:
        args.add_all("--layer", [layer.blob, layer.metadata])
        inputs += [layer.blob, layer.metadata]
    args.add_all([layout], before_each = "--out", expand_directories = False)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = inputs,
        mnemonic = "ImageLayout",
        outputs = [layout],
        progress_message = "Making OCI layout of %{label}",
    )
    return layout

def _impl(ctx):
    _check(ctx)
    layers = [target[LayerInfo] for target in ctx.attr.layers]
    info = _manifest(ctx, tuple([struct(blob = layer.blob, metadata = layer.metadata) for layer in layers]))
    blobs = [layer.blob for layer in layers]
    return [
        DefaultInfo(files = depset([info.manifest, info.config, info.descriptor] + blobs)),
        OutputGroupInfo(oci_layout = depset([_layout(ctx, info)])),
        info,
    ]

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
    attrs = {
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
            doc = "The layers, bottom first. What changes most often goes last.",
            providers = [LayerInfo],
        ),
        "platform": attr.label(
            doc = "The platform to build it and its layers for; that of the cluster's nodes (`//rules:node_platform`) if not given.",
        ),
        "stop_signal": attr.string(
            doc = "The signal that asks the program to end; SIGTERM if not given.",
        ),
        "user": attr.string(
            default = "65532:65532",
            doc = "Who the program runs as: `<uid>:<gid>`.",
        ),
        "workdir": attr.string(
            doc = "Where the program starts; the root if not given.",
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
            doc = "Without it Bazel lets no rule change configurations.",
        ),
        "_architectures": attr.label_keyed_string_dict(
            default = _ARCHITECTURES,
            doc = "Processors, and how OCI calls them.",
        ),
        "_systems": attr.label_keyed_string_dict(
            default = _SYSTEMS,
            doc = "Systems, and how OCI calls them.",
        ),
        "_tool": attr.label(
            cfg = "exec",
            default = "//tools/image",
            doc = "What makes manifests.",
            executable = True,
        ),
    },
    cfg = platform_transition,
    fragments = ["platform"],
    provides = [ImageInfo],
)
