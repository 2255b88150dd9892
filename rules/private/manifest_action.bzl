"""The action that makes an image of layers, for all rules that make one."""

load("//rules/private/providers:image_info.bzl", "ImageInfo")
load(":image_platform.bzl", "add_platform")

def make_manifest(ctx, process, layers, rule_name, base = None):
    """Declares the action that writes config, manifest and descriptor.

    Args:
      ctx: the context of a rule with PLATFORM_ATTRS, TOOL_ATTRS and the fragment `platform`.
      process: function(args) that adds how to start what is in the image.
      layers: tuple of struct(blob, metadata): the image's own layers, bottom first.
      rule_name: the rule's name, for messages.
      base: ImageInfo of the image below them, or None.

    Returns:
      ImageInfo.
    """
    name = ctx.label.name
    config = ctx.actions.declare_file(name + ".config.json")
    manifest = ctx.actions.declare_file(name + ".manifest.json")
    descriptor = ctx.actions.declare_file(name + ".descriptor.json")
    inputs = [layer.metadata for layer in layers]
    args = ctx.actions.args()
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    add_platform(args, ctx, rule_name)
    args.add_all(inputs, before_each = "--layer")
    if base:
        args.add_all("--base", [base.manifest, base.config])
        inputs += [base.manifest, base.config]
    process(args)
    args.add("--config-out", config)
    args.add("--manifest-out", manifest)
    args.add("--descriptor-out", descriptor)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = ["manifest", args],
        inputs = inputs,
        mnemonic = "ImageManifest",
        outputs = [config, manifest, descriptor],
        progress_message = "Making image %{label}",
    )
    return ImageInfo(
        config = config,
        descriptor = descriptor,
        layers = (base.layers if base else ()) + layers,
        layout = base.layout if base else None,
        manifest = manifest,
        manifests = (),
        source = base.source if base else None,
    )
