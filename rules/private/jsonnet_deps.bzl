"""The check that each entry of `deps` is imported."""

load("//rules/private/providers:jsonnet_library_info.bzl", "JsonnetLibraryInfo")
load(":jsonnet_imports.bzl", "IN_ACTION", "add_imports", "new_args")
load(":labels.bzl", "label_text")

def _place(file):
    return file.short_path

def check_deps(ctx, imports, roots, code = []):
    """Declares the validation action that names deps which no import reaches.

    Args:
      ctx: the context of a rule that has IMPORT_ATTRS.
      imports: the target's JsonnetLibraryInfo.
      roots: list of Files: its own sources. Without any, the target only hands on its deps.
      code: list of str: code in its attributes.

    Returns:
      depset of Files for the output group `_validation`; empty where there is nothing to check.
    """
    kept = [dep.label for dep in ctx.attr.keep_deps]
    checked = [dep.label for dep in ctx.attr.deps if dep.label not in kept]
    if not checked or not roots:
        return depset()
    marker = ctx.actions.declare_file(ctx.label.name + ".deps_checked")
    args = new_args(ctx)
    args.add("--label", label_text(ctx.label))
    add_imports(args, imports, IN_ACTION)
    args.add_all(roots, before_each = "--src", map_each = _place)
    if code:
        args.add("--code", json.encode(code))
    args.add_all([label_text(label) for label in checked], before_each = "--dep")
    for dep in ctx.attr.deps:
        info = dep[JsonnetLibraryInfo]
        label = label_text(dep.label).replace("%", "%%")
        args.add_all(info.direct, format_each = "--own=" + label + "\t%s", map_each = _place)
        args.add_all(info.sources, format_each = "--gives=" + label + "\t%s", map_each = _place)
    args.add("--out", marker)
    ctx.actions.run(
        executable = ctx.executable._check,
        arguments = ["deps", args],
        inputs = imports.sources,
        outputs = [marker],
        mnemonic = "JsonnetDeps",
        progress_message = "Checking deps of %{label}",
    )
    return depset([marker])
