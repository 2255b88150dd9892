"""The jsonnet_library rule: files that Jsonnet sources import."""

load("@bazel_skylib//lib:paths.bzl", "paths")
load(":jsonnet_deps.bzl", "check_deps")
load(
    ":jsonnet_imports.bzl",
    "IMPORT_ATTRS",
    "JSONNET_FILES",
    "collect_imports",
    "repository_root",
)
load(":labels.bzl", "label_text")

def _names(ctx):
    """The import names of the sources: `<import_prefix>/<path in the package>`."""
    prefix = ctx.attr.import_prefix
    if not prefix:
        return []
    if paths.is_absolute(prefix) or paths.normalize(prefix) != prefix or prefix.startswith(".."):
        fail("jsonnet_library %s: attribute import_prefix: got %r, want a relative path such as \"windlass\"" % (label_text(ctx.label), prefix))
    package = paths.normalize(paths.join(repository_root(ctx.label), ctx.label.package))
    names = []
    for file in ctx.files.srcs:
        if (file.owner.repo_name, file.owner.package) != (ctx.label.repo_name, ctx.label.package):
            fail("jsonnet_library %s: attribute srcs: got %s, want files of this package; with import_prefix, make a library where the file is" % (label_text(ctx.label), file.short_path))
        inside = file.short_path if package == "." else file.short_path.removeprefix(package + "/")
        names.append(struct(name = paths.join(prefix, inside), file = file))
    return names

def _jsonnet_library_impl(ctx):
    imports = collect_imports(ctx, "jsonnet_library", ctx.files.srcs, _names(ctx))
    return [
        DefaultInfo(files = depset(ctx.files.srcs)),
        OutputGroupInfo(_validation = check_deps(ctx, imports, ctx.files.srcs)),
        imports,
    ]

jsonnet_library = rule(
    implementation = _jsonnet_library_impl,
    doc = """Jsonnet files that others import.

A file is importable by its path from the root of its repository
(`import 'services/client/lib.libsonnet'`), relative to the importing file, relative to a folder of
`imports`, and by `<import_prefix>/<path in the package>` if that is set, which is the same in every
repository.""",
    attrs = IMPORT_ATTRS | {
        "import_prefix": attr.string(
            doc = "Lets the sources be imported by this prefix and their path in the package, from everywhere.",
        ),
        "srcs": attr.label_list(
            allow_files = JSONNET_FILES,
            doc = "The files of the library.",
        ),
    },
)
