"""The jsonnet_lint_test rule: what the linter says of Jsonnet."""

load(":jsonnet_deps.bzl", "check_deps")
load(":jsonnet_imports.bzl", "IMPORT_ATTRS", "IN_RUNFILES", "add_imports", "collect_imports", "new_args")
load(":jsonnet_program.bzl", "PROGRAM_ATTRS", "launch_program", "program_attr")

def _jsonnet_lint_test_impl(ctx):
    imports = collect_imports(ctx, "jsonnet_lint_test", ctx.files.srcs, [])
    args = new_args(ctx)
    add_imports(args, imports, IN_RUNFILES)
    arguments = ctx.actions.declare_file(ctx.label.name + ".arguments")
    ctx.actions.write(arguments, args)
    return [
        launch_program(ctx, "lint", "jsonnet_lint", imports = arguments, sources = imports.sources),
        OutputGroupInfo(_validation = check_deps(ctx, imports, ctx.files.srcs)),
    ]

jsonnet_lint_test = rule(
    implementation = _jsonnet_lint_test_impl,
    doc = "A test that `jsonnet-lint` finds nothing in Jsonnet files: unused variables, fields that there are not, calls that " +
          "cannot be. Skipped where Go cannot build that.",
    attrs = IMPORT_ATTRS | PROGRAM_ATTRS | {
        "jsonnet_lint": program_attr(
            default = "@windlass_go_jsonnet//:jsonnet-lint",
            doc = "The linter: a program that takes `-J <folder>` and files, and fails where it finds something.",
        ),
    },
    test = True,
)
