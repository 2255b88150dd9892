"""The action that renders a Jsonnet source, and the attributes that say to which files."""

load(":jsonnet_deps.bzl", "check_deps")
load(":jsonnet_imports.bzl", "IN_ACTION", "RENDERER", "new_args")
load(":jsonnet_inputs.bzl", "add_inputs", "failer")

RENDER_ATTRS = {
    "multiple_outputs": attr.bool(
        doc = "The source gives an object {file name: content}, also where `outs` has one file only.",
    ),
    "out_dir": attr.string(
        doc = "The folder of all `outs`, which the source does not know of. Without `outs`, a folder with a file for each " +
              "field of the object that the source gives; other rules can name the folder, but none of its files.",
    ),
    "outs": attr.output_list(
        doc = "The files to render, `out_dir` included. Of several, each is a field of the object that " +
              "the source gives, and there are no other fields.",
    ),
    "yaml_stream": attr.bool(
        doc = "Each output is an array, and its elements are the documents of the file, `---` before each.",
    ),
    "_tool": attr.label(
        cfg = "exec",
        default = "//tools/jsonnet",
        executable = True,
    ),
}

def outs_in(out_dir, outs):
    """The files of a target, as paths in the package.

    Args:
      out_dir: the folder that they are in, or nothing.
      outs: their names, as the source knows them.

    Returns:
      list of str.
    """
    return ["%s/%s" % (out_dir, out) if out_dir else out for out in outs]

def _named(ctx, refuse):
    """dict of the name that the source knows an output by -> File; empty where only the source knows the names."""
    prefix = ctx.attr.out_dir + "/" if ctx.attr.out_dir else ""
    if not ctx.attr.outs and not ctx.attr.out_dir:
        refuse("outs", "got [], want the names of the files to render; or set out_dir, for a folder of files that the source names")
    return {
        label.name.removeprefix(prefix): file
        for label, file in zip(ctx.attr.outs, ctx.outputs.outs)
    }

def render(ctx, rule_name, flags):
    """Declares the action that renders the source.

    Args:
      ctx: the context of a rule that has INPUT_ATTRS and RENDER_ATTRS.
      rule_name: the rule's name, for messages.
      flags: list of more flags for the tool.

    Returns:
      struct(files: list of Files, named: dict of the outputs' names -> File, empty for a folder,
      validation: depset of Files of checks).
    """
    named = _named(ctx, failer(ctx, rule_name))
    args = new_args(ctx)
    inputs = add_inputs(ctx, rule_name, args, IN_ACTION)
    args.add_all(flags)
    if ctx.attr.yaml_stream:
        args.add("--stream")
    if not named:
        folder = ctx.actions.declare_directory(ctx.attr.out_dir)
        args.add_all([folder], before_each = "--out-dir", expand_directories = False)
        files = [folder]
    else:
        if ctx.attr.multiple_outputs or len(named) > 1:
            args.add("--multiple")
        for name, file in named.items():
            args.add_all(["--out", name, file])
        files = named.values()
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = inputs.files,
        outputs = files,
        mnemonic = "Jsonnet",
        progress_message = "Rendering %{label}",
        execution_requirements = RENDERER,
    )
    validation = check_deps(ctx, inputs.imports, inputs.roots, inputs.code)
    return struct(files = files, named = named, validation = validation)
