"""How a declared file becomes importable: shared by the Jsonnet rules."""

load("@bazel_skylib//lib:paths.bzl", "paths")
load("//rules/private/providers:jsonnet_library_info.bzl", "JsonnetLibraryInfo")
load(":labels.bzl", "label_text")

JSONNET_FILES = [".json", ".jsonnet", ".libsonnet"]

# What the renderer can do as a worker: one process renders many targets, and reads no more than a request's own files.
RENDERER = {
    "requires-worker-protocol": "json",
    "supports-multiplex-sandboxing": "1",
    "supports-multiplex-workers": "1",
    "supports-worker-cancellation": "1",
    "supports-workers": "1",
}

# What a rule needs to check Jsonnet.
CHECK_ATTRS = {
    "_check": attr.label(
        cfg = "exec",
        default = "//tools/jsonnet_check",
        executable = True,
    ),
}

IMPORT_ATTRS = CHECK_ATTRS | {
    "data": attr.label_list(
        allow_files = True,
        doc = "Files that `import`, `importstr` and `importbin` may read besides the sources.",
    ),
    "deps": attr.label_list(
        doc = "jsonnet_library targets whose files may be imported.",
        providers = [JsonnetLibraryInfo],
    ),
    "keep_deps": attr.label_keyed_string_dict(
        doc = "Entries of `deps` that no source imports, and that have to stay for a reason: label -> reason.",
        providers = [JsonnetLibraryInfo],
    ),
    "imports": attr.string_list(
        doc = "Folders, relative to this package, to look up imports in. The folder of the importing " +
              "file and the root of the repository need not be named, and go first. The last one that has a file counts.",
    ),
}

def repository_root(label):
    """The root of a label's repository as a short path.

    Args:
      label: a Label.

    Returns:
      `.`, or `../<repository>` where it is not the main one.
    """
    return "../" + label.repo_name if label.repo_name else "."

def search_folders(label, imports):
    """The folders that a target's `imports` name.

    Args:
      label: the target's Label.
      imports: its attribute `imports`.

    Returns:
      short paths in the order of their rank: the repository's root, then the last of `imports`; a string that says what is wrong with one of them.
    """
    root = repository_root(label)
    folders = [root]
    for folder in reversed(imports):
        inside = paths.normalize(paths.join(label.package, folder))
        if paths.is_absolute(folder) or inside == ".." or inside.startswith("../"):
            return "got %r, want a folder of this repository; name it relative to the package" % folder
        folders.append(paths.normalize(paths.join(root, inside)))
    return folders

def collect_imports(ctx, rule_name, files, names):
    """What a target's own files and its deps make importable.

    Args:
      ctx: the rule's context, with IMPORT_ATTRS.
      rule_name: the rule's name, for messages.
      files: list of its own Files.
      names: list of struct(name, file).

    Returns:
      a JsonnetLibraryInfo.
    """
    search = search_folders(ctx.label, ctx.attr.imports)
    if type(search) == type(""):
        fail("%s %s: attribute imports: %s" % (rule_name, label_text(ctx.label), search))
    for dep, reason in ctx.attr.keep_deps.items():
        if not reason.strip() or dep not in ctx.attr.deps:
            fail("%s %s: attribute keep_deps: got %r for %s, want an entry of deps, and the reason why it stays" % (
                rule_name,
                label_text(ctx.label),
                reason,
                label_text(dep.label),
            ))
    infos = [dep[JsonnetLibraryInfo] for dep in ctx.attr.deps]
    return JsonnetLibraryInfo(
        direct = tuple(files + ctx.files.data),
        names = depset(names, transitive = [info.names for info in infos]),
        search = depset(search, transitive = [info.search for info in infos], order = "preorder"),
        sources = depset(files + ctx.files.data, transitive = [info.sources for info in infos]),
    )

def _file(file):
    return ["--file", file.short_path, file.path]

def _runfile(file):
    return ["--file", file.short_path, file.short_path]

def _import_name(name):
    return ["--import-name", name.name, name.file.short_path]

def _itself(file):
    return file

def _short_path(file):
    return file.short_path

# Where the files are when the arguments are read: in an action, or in the runfiles of a test.
IN_ACTION = struct(file = _file, path = _itself)
IN_RUNFILES = struct(file = _runfile, path = _short_path)

def add_imports(args, imports, where):
    """Adds what can be imported, and how, to arguments.

    Args:
      args: Args.
      imports: a JsonnetLibraryInfo.
      where: IN_ACTION or IN_RUNFILES.
    """
    args.add_all(imports.sources, map_each = where.file)
    args.add_all(imports.names, map_each = _import_name)
    args.add_all(imports.search, before_each = "--search")

def new_args(ctx):
    """Arguments in the form that the tools take: a file, one argument a line.

    Args:
      ctx: the rule's context.

    Returns:
      Args.
    """
    args = ctx.actions.args()
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    return args
