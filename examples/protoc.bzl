"""The protoc rule: the sources that protoc makes of a .proto file, in any language."""

def _impl(ctx):
    src = ctx.file.src
    root = src.path.removesuffix("/" + ctx.attr.path)
    if root == src.path:
        fail("protoc %s: attribute path: got %r, want the end of %s" % (ctx.label, ctx.attr.path, src.path))
    out = "/".join([part for part in [ctx.bin_dir.path, ctx.label.workspace_root, ctx.label.package] if part])
    args = ctx.actions.args()
    args.add(root, format = "--proto_path=%s")
    for name, options in ctx.attr.languages.items():
        args.add("--%s_out=%s:%s" % (name, options, out) if options else "--%s_out=%s" % (name, out))
    for plugin, name in ctx.attr.plugins.items():
        args.add(plugin[DefaultInfo].files.to_list()[0], format = "--plugin=protoc-gen-%s=%%s" % name)
    args.add(ctx.attr.path)
    ctx.actions.run(
        arguments = [args],
        executable = ctx.file.protoc,
        inputs = [src],
        mnemonic = "Protoc",
        outputs = ctx.outputs.outs,
        progress_message = "Generating %{label}",
        tools = ctx.files.plugins,
    )
    return [DefaultInfo(files = depset(ctx.outputs.outs))]

protoc = rule(
    implementation = _impl,
    doc = """The sources that protoc makes of a .proto file.

With rules for your language you need no such rule; the examples have it since those are not to be had where they are built.
""",
    attrs = {
        "languages": attr.string_dict(
            doc = "Name of a generator -> its options: `{\"go\": \"paths=source_relative\"}` is `--go_out`.",
            mandatory = True,
        ),
        "outs": attr.output_list(doc = "What they make.", mandatory = True),
        "path": attr.string(doc = "The name by which other .proto files would import this one.", mandatory = True),
        "plugins": attr.label_keyed_string_dict(
            allow_files = True,
            cfg = "exec",
            doc = "Program -> the name of the generator that it is.",
        ),
        "protoc": attr.label(allow_single_file = True, cfg = "exec", doc = "The compiler.", mandatory = True),
        "src": attr.label(allow_single_file = [".proto"], doc = "The .proto file.", mandatory = True),
    },
)
