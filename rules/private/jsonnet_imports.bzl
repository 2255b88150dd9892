"""How a declared file becomes importable: shared by the Jsonnet rules."""

load("@bazel_skylib//lib:paths.bzl", "paths")
load("//rules/private/providers:jsonnet_library_info.bzl", "JsonnetLibraryInfo")
load(":labels.bzl", "label_text")

JSONNET_FILES = [".json", ".jsonnet", ".libsonnet"]

IMPORT_ATTRS = {
    "data": attr.label_list(
        allow_files = True,
        doc = "Files that `import`, `importstr` and `importbin` may read besides the sources.",
    ),
    "deps": attr.label_list(
        doc = "jsonnet_library targets whose files may be imported.",
        providers = [JsonnetLibraryInfo],
    ),
    "imports": attr.string_list(
        doc = "Folders, relative to this package, to look up imports in. The folder of the importing " +
              "file and the root of the repository need not be named.",
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
      short paths, the repository's root first; a string that says what is wrong with one of them.
    """
    root = repository_root(label)
    folders = [root]
    for folder in imports:
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
    infos = [dep[JsonnetLibraryInfo] for dep in ctx.attr.deps]
    return JsonnetLibraryInfo(
        names = depset(names, transitive = [info.names for info in infos]),
        search = depset(search, transitive = [info.search for info in infos], order = "preorder"),
        sources = depset(files + ctx.files.data, transitive = [info.sources for info in infos]),
    )
