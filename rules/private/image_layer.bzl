"""The image_layer rule: files become one layer of an image."""

load("//rules/private/providers:layer_info.bzl", "LayerInfo")
load(":labels.bzl", "label_text")

# How layers are compressed -> how their files end.
_ENDINGS = {
    "gzip": "gz",
    "zstd": "zst",
}

def is_image_path(path):
    """Whether a path can be one in an image: absolute, normal, not the root.

    Args:
      path: a text.

    Returns:
      A bool.
    """
    if not path.startswith("/"):
        return False
    return all([part not in ["", ".", ".."] for part in path[1:].split("/")])

def is_mode(mode):
    """Whether a text is a file mode: four octal digits.

    Args:
      mode: a text.

    Returns:
      A bool.
    """
    return len(mode) == 4 and all([digit in "01234567" for digit in mode.elems()])

def is_ids(text):
    """Whether a text is `uid:gid`, in numbers.

    Args:
      text: a text.

    Returns:
      A bool.
    """
    ids = text.split(":")
    return len(ids) == 2 and all([id.isdigit() for id in ids])

def _refuse(ctx, attribute, got, want):
    fail("image_layer %s: attribute %s: got %s, want %s" % (label_text(ctx.label), attribute, repr(got), want))

def _check(ctx):
    attr = ctx.attr
    if not (attr.files or attr.dirs or attr.symlinks):
        _refuse(ctx, "files", {}, "something to put into the layer: files, dirs or symlinks")
    want_path = "an absolute path in the image without `.`, `..` or double slashes, as in \"/app/config.json\""
    for path in attr.files.values():
        if path != "/" and not is_image_path(path.removesuffix("/")):
            _refuse(ctx, "files", path, want_path)
    for attribute, paths in {
        "dirs": attr.dirs,
        "modes": attr.modes,
        "owners": attr.owners,
        "symlinks": attr.symlinks,
    }.items():
        for path in paths:
            if not is_image_path(path):
                _refuse(ctx, attribute, path, want_path)
    for attribute, modes in {"mode": [attr.mode], "dirs": attr.dirs.values(), "modes": attr.modes.values()}.items():
        for mode in modes:
            if not is_mode(mode):
                _refuse(ctx, attribute, mode, "a mode of four octal digits, as in \"0644\"")
    for attribute, owners in {"owner": [attr.owner], "owners": attr.owners.values()}.items():
        for owner in owners:
            if not is_ids(owner):
                _refuse(ctx, attribute, owner, "numbers, as in \"0:0\"; names mean nothing in an empty image")

def _placed(ctx, target, path):
    """The files of a target with their paths in the image."""
    executable = target[DefaultInfo].files_to_run.executable
    files = [executable] if executable else target[DefaultInfo].files.to_list()
    if path.endswith("/"):
        return [(path + file.basename, file) for file in files]
    if len(files) != 1:
        _refuse(
            ctx,
            "files",
            path,
            "a path that ends in a slash, since %s gives %d files" % (label_text(target.label), len(files)),
        )
    return [(path, files[0])]

def _impl(ctx):
    _check(ctx)
    blob = ctx.actions.declare_file(ctx.label.name + ".layer.tar." + _ENDINGS[ctx.attr.compression])
    metadata = ctx.actions.declare_file(ctx.label.name + ".layer.json")

    args = ctx.actions.args()
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    args.add("layer")
    inputs = []
    for target, path in ctx.attr.files.items():
        for place, file in _placed(ctx, target, path):
            args.add_all("--file", [place, ctx.attr.mode])

            # A folder made by an action goes in as one.
            args.add_all([file], expand_directories = False)
            inputs.append(file)
    for path, mode in ctx.attr.dirs.items():
        args.add_all("--dir", [path, mode])
    for path, to in ctx.attr.symlinks.items():
        args.add_all("--symlink", [path, to])
    args.add("--owner", ctx.attr.owner)
    for path, mode in ctx.attr.modes.items():
        args.add_all("--set-mode", [path, mode])
    for path, owner in ctx.attr.owners.items():
        args.add_all("--set-owner", [path, owner])
    args.add("--compression", ctx.attr.compression)
    args.add("--blob", blob)
    args.add("--metadata", metadata)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = inputs,
        mnemonic = "ImageLayer",
        outputs = [blob, metadata],
        progress_message = "Making layer %{label}",
    )
    return [
        DefaultInfo(files = depset([blob, metadata])),
        LayerInfo(blob = blob, metadata = metadata),
    ]

image_layer = rule(
    implementation = _impl,
    doc = """One layer of an image.

The same files give the same bytes on every machine: entries are sorted, folders that files are in
are made with mode 0755, and no time is recorded. In an image, what is in the layer is built for the
image's platform.

```starlark
image_layer(
    name = "config",
    files = {"config.json": "/etc/server/config.json"},
)
```
""",
    attrs = {
        "compression": attr.string(
            default = "gzip",
            doc = "`gzip`, which every node reads, or `zstd`: smaller and quicker to unpack, for containerd 1.5 and later.",
            values = _ENDINGS.keys(),
        ),
        "dirs": attr.string_dict(
            doc = "Empty folders: path in the image -> mode, as in `{\"/tmp\": \"1777\"}`.",
        ),
        "files": attr.label_keyed_string_dict(
            allow_files = True,
            doc = "Files: label -> path in the image. Of a program, its executable alone is taken. A path that " +
                  "ends in a slash is a folder for all files of the label, by their base names.",
        ),
        "mode": attr.string(
            default = "0644",
            doc = "The mode of all files. Programs need `0755`, so they are a layer of their own.",
        ),
        "modes": attr.string_dict(
            doc = "Modes of single files and folders, where they differ: path in the image -> mode.",
        ),
        "owner": attr.string(
            default = "0:0",
            doc = "Who owns everything in the layer: `<uid>:<gid>`.",
        ),
        "owners": attr.string_dict(
            doc = "Owners of single entries, where they differ: path in the image -> `<uid>:<gid>`.",
        ),
        "symlinks": attr.string_dict(
            doc = "Symbolic links: path in the image -> what it points to.",
        ),
        "_tool": attr.label(
            cfg = "exec",
            default = "//tools/image",
            doc = "What makes layers.",
            executable = True,
        ),
    },
    provides = [LayerInfo],
)
