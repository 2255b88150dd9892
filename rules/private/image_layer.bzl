"""The image_layer rule: files become one layer of an image."""

load("//rules/private/providers:layer_info.bzl", "LayerInfo")
load(":labels.bzl", "label_text")
load(":layer_action.bzl", "LAYER_ATTRS", "write_layer")
load(":refusal.bzl", "refuser")

def is_line(text):
    """Whether a text is one line. Arguments of a tool stand in a file, one a line.

    Args:
      text: a text.

    Returns:
      A bool.
    """
    return "\n" not in text and "\r" not in text

def is_image_path(path):
    """Whether a path can be one in an image: absolute, normal, not the root, one line.

    Args:
      path: a text.

    Returns:
      A bool.
    """
    if not path.startswith("/") or not is_line(path):
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

_refuse = refuser("image_layer")

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
    for to in attr.symlinks.values():
        if not to or not is_line(to):
            _refuse(ctx, "symlinks", to, "what the link points to, one line")
    if attr.strip_prefix and attr.strip_prefix != "." and not is_image_path("/" + attr.strip_prefix):
        _refuse(ctx, "strip_prefix", attr.strip_prefix, "a folder below the label's package, as in \"static\", or \".\"")
    for attribute, modes in {"mode": [attr.mode], "dirs": attr.dirs.values(), "modes": attr.modes.values()}.items():
        for mode in modes:
            if not is_mode(mode):
                _refuse(ctx, attribute, mode, "a mode of four octal digits, as in \"0644\"")
    for attribute, owners in {"owner": [attr.owner], "owners": attr.owners.values()}.items():
        for owner in owners:
            if not is_ids(owner):
                _refuse(ctx, attribute, owner, "numbers, as in \"0:0\"; names mean nothing in an empty image")

def _below(ctx, target, file):
    """Where a file is below the folder of its package that is stripped; its name where none is."""
    if not ctx.attr.strip_prefix:
        return file.basename
    path = file.short_path
    if path.startswith("../"):
        path = path.split("/", 2)[2]
    parts = [part for part in [target.label.package, ctx.attr.strip_prefix] if part not in ["", "."]]
    prefix = "".join([part + "/" for part in parts])
    if not path.startswith(prefix):
        _refuse(ctx, "strip_prefix", ctx.attr.strip_prefix, "a folder of %s that %s is in" % (
            label_text(target.label),
            path,
        ))
    return path.removeprefix(prefix)

def _placed(ctx, target, path):
    """The files of a target with their paths in the image."""
    executable = target[DefaultInfo].files_to_run.executable
    files = [executable] if executable else target[DefaultInfo].files.to_list()
    if path.endswith("/"):
        return [(path + _below(ctx, target, file), file) for file in files]
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
    attr = ctx.attr
    return write_layer(
        ctx,
        dirs = attr.dirs,
        files = [
            (place, attr.mode, file)
            for target, path in attr.files.items()
            for place, file in _placed(ctx, target, path)
        ],
        modes = attr.modes,
        owner = attr.owner,
        owners = attr.owners,
        symlinks = attr.symlinks,
    )

image_layer = rule(
    implementation = _impl,
    doc = """One layer of an image.

The same files give the same bytes on every machine: entries are sorted, and no time is recorded. In
an image, what is in the layer is built for the image's platform.

Folders that only hold something are not recorded, so those of a base image stay as they are; where
there is none, it is made with mode 0755, root's. One that must be otherwise is named in `dirs`,
`modes` or `owners`: so is one that another user than root writes into.

```starlark
image_layer(
    name = "config",
    files = {"config.json": "/etc/server/config.json"},
)
```
""",
    attrs = LAYER_ATTRS | {
        "dirs": attr.string_dict(
            doc = "Folders: path in the image -> mode, as in `{\"/tmp\": \"1777\"}`.",
        ),
        "files": attr.label_keyed_string_dict(
            allow_files = True,
            doc = "Files: label -> path in the image. Of a program, its executable alone is taken. A path that " +
                  "ends in a slash is a folder for all files of the label, by their base names, or below `strip_prefix`.",
        ),
        "mode": attr.string(
            default = "0644",
            doc = "The mode of all files. Programs need `0755`, so they are a layer of their own.",
        ),
        "modes": attr.string_dict(
            doc = "Modes of single files and folders, also of those that only hold something: path in the image -> mode.",
        ),
        "owner": attr.string(
            default = "0:0",
            doc = "Who owns everything in the layer: `<uid>:<gid>`.",
        ),
        "owners": attr.string_dict(
            doc = "Owners of single entries, also of folders that only hold something: path in the image -> `<uid>:<gid>`.",
        ),
        "strip_prefix": attr.string(
            doc = "Files whose path ends in a slash go by their paths below this folder of their label's package, as " +
                  "`static`; `.` is the package itself. By their base names if not given.",
        ),
        "symlinks": attr.string_dict(
            doc = "Symbolic links: path in the image -> what it points to.",
        ),
    },
    provides = [LayerInfo],
)
