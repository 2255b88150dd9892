"""The files of an image: which there are, and how requests name them."""

def image_files(info):
    """All files that a push of an image may read.

    Args:
      info: ImageInfo.

    Returns:
      a list of Files.
    """
    files = []
    for image in (info,) + info.manifests:
        optional = [image.config, image.layout, image.source]
        files += [image.manifest, image.descriptor] + [file for file in optional if file]
        files += [file for layer in image.layers for file in (layer.blob, layer.metadata)]
    return files

def _paths(image, path, manifests):
    optional = lambda file: path(file) if file else None
    return struct(
        manifest = path(image.manifest),
        descriptor = path(image.descriptor),
        config = optional(image.config),
        layers = [struct(blob = path(layer.blob), metadata = path(layer.metadata)) for layer in image.layers],
        layout = optional(image.layout),
        source = optional(image.source),
        manifests = manifests,
    )

def image_paths(info, path):
    """Where the files of an image are, as the image tool reads it.

    Args:
      info: ImageInfo.
      path: function of a File, its path as a text.

    Returns:
      a struct for `json.encode`.
    """
    return _paths(info, path, [_paths(image, path, []) for image in info.manifests])

def _exec_path(file):
    return file.path

def oci_layout(ctx, info):
    """Declares the action that makes an image's OCI layout directory.

    Args:
      ctx: the rule's context; it has the attribute `_tool`.
      info: ImageInfo.

    Returns:
      the directory, a File.
    """
    files = ctx.actions.declare_file(ctx.label.name + ".files.json")
    ctx.actions.write(files, json.encode(image_paths(info, _exec_path)))
    layout = ctx.actions.declare_directory(ctx.label.name + ".oci")
    args = ctx.actions.args()
    args.add("layout")
    args.add("--files", files)
    args.add_all([layout], before_each = "--out", expand_directories = False)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = image_files(info) + [files],
        mnemonic = "ImageLayout",
        outputs = [layout],
        progress_message = "Making OCI layout of %{label}",
    )
    return layout

def image_providers(ctx, info):
    """What a rule that makes an image returns. Its OCI layout directory is made when that is asked for.

    Args:
      ctx: the rule's context; it has the attribute `_tool`.
      info: ImageInfo.

    Returns:
      a list of providers.
    """
    return [
        DefaultInfo(files = depset(image_files(info))),
        OutputGroupInfo(oci_layout = depset([oci_layout(ctx, info)])),
        info,
    ]

# What every rule has that runs the image tool.
TOOL_ATTRS = {
    "_tool": attr.label(
        cfg = "exec",
        default = "//tools/image",
        doc = "The image tool.",
        executable = True,
    ),
}
