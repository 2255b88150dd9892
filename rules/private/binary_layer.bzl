"""The binary_layer rule: a part of a program's runfiles becomes one layer of an image."""

load("//rules/private/providers:layer_info.bzl", "LayerInfo")
load(":image_layer.bzl", "is_image_path")
load(":labels.bzl", "label_text")
load(":layer_action.bzl", "LAYER_ATTRS", "run_layer")

# The main repository's folder in the runfiles.
MAIN = "_main"

# The layers of a program, bottom first.
PARTS = ["external", "repository", "package"]

# Everything has this mode, as everything that Bazel makes has: which of a program's files are
# programs themselves is not recorded anywhere that is the same on every machine.
_MODE = "0755"

# What empty files, as `__init__.py`, are made of.
_EMPTY = struct(path = "/dev/null")

def runfiles_path(path):
    """Where a file or a link is in the runfiles.

    Args:
      path: its path in the repository; below `../<repository>` in another one. Bazel has made it normal.

    Returns:
      a path below the runfiles' folder.
    """
    return path.removeprefix("../") if path.startswith("../") else MAIN + "/" + path

def empty_path(name):
    """Where an empty file is in the runfiles.

    Args:
      name: as in runfiles_path, or below `external/<repository>`, as Bazel 7 says of another one's.

    Returns:
      a path below the runfiles' folder.
    """
    return runfiles_path("../" + name.removeprefix("external/") if name.startswith("external/") else name)

def part_of(path, binary):
    """The layer that a runfile is in.

    Args:
      path: its path below the runfiles' folder.
      binary: the program's Label.

    Returns:
      `external`, `repository` or `package`.
    """
    repository = (binary.repo_name or MAIN) + "/"
    if not path.startswith(repository):
        return "external"
    package = binary.package + "/" if binary.package else ""
    return "package" if path.startswith(repository + package) else "repository"

def placed(path, file, here):
    """What the tool is told of a file: where it goes, or that this layer has no use for it.

    Args:
      path: the file's path below the runfiles' folder.
      file: the File.
      here: the layer: struct(binary, part, runfiles), a Label and texts.

    Returns:
      arguments.
    """
    if part_of(path, here.binary) != here.part:
        return ["--unused", file.path]
    place = here.runfiles + "/" + path

    # Bazel 7 does not tell which files are links that it must not follow: they are followed.
    if getattr(file, "is_symlink", False):
        return ["--copied-symlink", place, file.path]
    return ["--file", place, _MODE, file.path]

def _add_runfiles(args, runfiles, here):
    """Files are looked at when the action's arguments are written: nothing is flattened before."""

    def of_file(file):
        return placed(runfiles_path(file.short_path), file, here)

    def of_symlink(entry):
        return placed(runfiles_path(entry.path), entry.target_file, here)

    # One that leads out of the runfiles is refused by the tool, as Bazel makes no runfiles of it.
    def of_root_symlink(entry):
        return placed(entry.path, entry.target_file, here)

    def of_empty(runfiles):
        paths = [empty_path(name) for name in runfiles.empty_filenames.to_list()]
        return [
            argument
            for path in paths
            if part_of(path, here.binary) == here.part
            for argument in placed(path, _EMPTY, here)
        ]

    # A folder made by an action goes in as one.
    lazily = {"allow_closure": True, "expand_directories": False}
    args.add_all(runfiles.files, map_each = of_file, **lazily)
    args.add_all(runfiles.symlinks, map_each = of_symlink, **lazily)
    args.add_all(runfiles.root_symlinks, map_each = of_root_symlink, **lazily)
    args.add_all([runfiles], map_each = of_empty, **lazily)

def _impl(ctx):
    path = ctx.attr.path
    if not is_image_path(path):
        fail("binary_layer %s: attribute path: got %r, want an absolute path in the image, as in \"/app/server\"" % (
            label_text(ctx.label),
            path,
        ))
    info = ctx.attr.binary[DefaultInfo]
    executable = info.files_to_run.executable
    mapping = info.files_to_run.repo_mapping_manifest
    runfiles = info.default_runfiles
    unused = ctx.actions.declare_file(ctx.label.name + ".unused")

    # Strings alone: it is kept until the action runs.
    here = struct(binary = ctx.attr.binary.label, part = ctx.attr.part, runfiles = path + ".runfiles")
    args = ctx.actions.args()
    _add_runfiles(args, runfiles, here)
    own = [executable] + ([mapping] if mapping else [])
    if ctx.attr.part == "package":
        in_runfiles = runfiles_path(executable.short_path)
        args.add_all("--file", [here.runfiles + "/" + in_runfiles, _MODE, executable])
        args.add_all("--symlink", [path, "%s.runfiles/%s" % (path.split("/")[-1], in_runfiles)])
        if mapping:
            args.add_all("--file", [here.runfiles + "/_repo_mapping", _MODE, mapping])
        args.add_all("--dir", [here.runfiles + "/" + MAIN, "0755"])
        args.add_all("--dir", ["/tmp", "1777"])
    else:
        args.add_all(own, before_each = "--unused")

    # What links point to is no part of the files. ADR 15 says why these are flattened.
    links = [entry.target_file for entry in runfiles.symlinks.to_list() + runfiles.root_symlinks.to_list()]
    return run_layer(ctx, args, depset(own + links, transitive = [runfiles.files]), unused = unused)

binary_layer = rule(
    implementation = _impl,
    doc = """A part of a program and its runfiles, as one layer of an image.

Three of them hold the whole program, and it is `binary_image` that makes them. What is in which is
said by where a file is in the runfiles, so an edit of the program changes the last one alone:

- `external`: files of other repositories than the program's. Interpreters and libraries of others.
- `repository`: files of the program's repository that are not in its package.
- `package`: what is in the folder of the program's package, and the program itself.
""",
    attrs = LAYER_ATTRS | {
        "binary": attr.label(
            cfg = "target",
            doc = "The program: any `*_binary`.",
            executable = True,
            mandatory = True,
        ),
        "part": attr.string(
            doc = "Which files.",
            mandatory = True,
            values = PARTS,
        ),
        "path": attr.string(
            doc = "The program in the image, as in `/app/server`. Its runfiles are in `/app/server.runfiles`.",
            mandatory = True,
        ),
    },
    provides = [LayerInfo],
)
