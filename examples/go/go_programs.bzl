"""The go_programs rule: `go build`, as one action for all programs of a module."""

def _below(ctx, file):
    """The path of a file in the module, which is this package."""
    return file.short_path.removeprefix(ctx.label.package + "/")

def _impl(ctx):
    modules = ctx.files.modules
    root = [file for file in modules if "/modules/" in file.path][0].path.partition("/modules/")[0] + "/modules"
    args = ctx.actions.args()
    args.add(ctx.file.go)
    args.add(root)
    args.add(str(len(ctx.outputs.outs)))
    args.add_all(ctx.outputs.outs)
    for file in ctx.files.srcs:
        args.add(file)
        args.add(_below(ctx, file))
    ctx.actions.run(
        arguments = [args],
        env = {
            "CGO_ENABLED": "0",
            "GOARCH": ctx.attr.goarch,
            "GOOS": ctx.attr.goos,
        },
        executable = ctx.executable._build,
        inputs = ctx.files.srcs + modules + [ctx.file.version],
        mnemonic = "GoBuild",
        outputs = ctx.outputs.outs,
        progress_message = "Building %{label} with go",
        # It compiles on all processors.
        execution_requirements = {"cpu:2": ""},
        tools = [ctx.file.go],
    )
    return [DefaultInfo(files = depset(ctx.outputs.outs))]

go_programs = rule(
    implementation = _impl,
    doc = """The programs of the Go module that this package is, each of the folder that its output is named for.

One action, so that what they share is compiled once. It is compiled anew after each edit: rules_go does better, where it is to be had.
""",
    attrs = {
        "go": attr.label(allow_single_file = True, cfg = "exec", doc = "The go command.", mandatory = True),
        "goarch": attr.string(doc = "The processor to build for, as Go calls it.", mandatory = True),
        "goos": attr.string(doc = "The system to build for, as Go calls it.", mandatory = True),
        "modules": attr.label(doc = "The module cache, unpacked.", mandatory = True),
        "outs": attr.output_list(doc = "`<anything>/client` is the program of the folder `client`.", mandatory = True),
        "srcs": attr.label_list(allow_files = True, doc = "go.mod, go.sum and the sources, generated ones too.", mandatory = True),
        "version": attr.label(allow_single_file = True, doc = "A file that says which Go this is.", mandatory = True),
        "_build": attr.label(cfg = "exec", default = ":go_build", executable = True),
    },
)
