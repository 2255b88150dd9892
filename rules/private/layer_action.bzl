"""The action that makes a layer, for all rules that make one."""

load("//rules/private/providers:layer_info.bzl", "LayerInfo")
load(":image_files.bzl", "TOOL_ATTRS")

# How layers are compressed -> how their files end.
_ENDINGS = {
    "gzip": "gz",
    "zstd": "zst",
}

# What every rule has whose target is a layer.
LAYER_ATTRS = TOOL_ATTRS | {
    "compression": attr.string(
        default = "gzip",
        doc = "`gzip`, which every node reads, or `zstd`: smaller and quicker to unpack, for containerd 1.5 and later.",
        values = _ENDINGS.keys(),
    ),
}

def _resources(_system, _inputs):
    """What a layer takes. The tool compresses on all processors, but most layers are done in a moment.

    Bazel tells how many inputs there are, not how large they are. What asks for more than a small
    machine has would wait there until nothing else runs.
    """
    return {"cpu": 2, "memory": 64}

def make_layer(ctx, args, inputs, name, compression = "gzip", metadata = None, unused = None):
    """Declares the action that makes an archive of what its arguments say: a layer, or a tarball for people.

    Args:
      ctx: the context of a rule with TOOL_ATTRS.
      args: Args: what is in it.
      inputs: what the arguments name: a list or depset of Files.
      name: the blob's name without what says how it is compressed.
      compression: `gzip` or `zstd`.
      metadata: File to write of what there is to know of it; `<name>.json` if not given.
      unused: File to write of which inputs the archive has no use; none if not given.

    Returns:
      LayerInfo.
    """
    blob = ctx.actions.declare_file("%s.tar.%s" % (name, _ENDINGS[compression]))
    metadata = metadata or ctx.actions.declare_file(name + ".json")
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    if unused:
        args.add("--unused-out", unused)
    args.add("--compression", compression)
    args.add("--blob", blob)
    args.add("--metadata", metadata)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = ["layer", args],
        inputs = inputs,
        mnemonic = "ImageLayer",
        outputs = [blob, metadata] + ([unused] if unused else []),
        progress_message = "Making layer %{label}",
        resource_set = _resources,
        unused_inputs_list = unused,
    )
    return LayerInfo(blob = blob, metadata = metadata)

def run_layer(ctx, args, inputs, unused = None):
    """Declares the action that makes a layer of what its arguments say.

    Args:
      ctx: the context of a rule with LAYER_ATTRS.
      args: Args: what is in the layer.
      inputs: what the arguments name: a list or depset of Files.
      unused: File to write of which inputs the layer has no use; none if not given.

    Returns:
      The rule's providers.
    """
    layer = make_layer(ctx, args, inputs, ctx.label.name + ".layer", ctx.attr.compression, unused = unused)
    return [DefaultInfo(files = depset([layer.blob, layer.metadata])), layer]

def write_layer(ctx, files = [], dirs = {}, symlinks = {}, owner = "0:0", modes = {}, owners = {}):
    """Declares the action that makes a layer.

    Args:
      ctx: the context of a rule with LAYER_ATTRS.
      files: list of (path in the image, mode, File); a folder goes in with all files below it.
      dirs: dict of path -> mode: folders.
      symlinks: dict of path -> what it points to.
      owner: who owns everything.
      modes: dict of path -> mode, where that differs.
      owners: dict of path -> owner, where that differs.

    Returns:
      The rule's providers.
    """
    args = ctx.actions.args()
    for path, mode, file in files:
        args.add_all("--file", [path, mode])

        # A folder made by an action goes in as one.
        args.add_all([file], expand_directories = False)
    for path, mode in dirs.items():
        args.add_all("--dir", [path, mode])
    for path, to in symlinks.items():
        args.add_all("--symlink", [path, to])
    args.add("--owner", owner)
    for path, mode in modes.items():
        args.add_all("--set-mode", [path, mode])
    for path, other in owners.items():
        args.add_all("--set-owner", [path, other])
    return run_layer(ctx, args, [file for _, _, file in files])
