"""The jsonnet_lint_test rule: what the linter says of Jsonnet."""

load("//tools/lib/runfiles:launcher.bzl", "declare_request", "launcher")
load(":jsonnet_deps.bzl", "check_deps")
load(":jsonnet_imports.bzl", "IMPORT_ATTRS", "IN_RUNFILES", "JSONNET_FILES", "add_imports", "collect_imports", "new_args")
load(":labels.bzl", "label_text")

# The version of the request's schema: the tool refuses another.
_VERSION = 1

def _jsonnet_lint_test_impl(ctx):
    program = ctx.executable.jsonnet_lint
    imports = collect_imports(ctx, "jsonnet_lint_test", ctx.files.srcs, [])
    args = new_args(ctx)
    add_imports(args, imports, IN_RUNFILES)
    arguments = ctx.actions.declare_file(ctx.label.name + ".arguments")
    ctx.actions.write(arguments, args)
    request = declare_request(ctx, struct(
        version = _VERSION,
        label = label_text(ctx.label),
        task = {"lint": struct(
            files = [file.short_path for file in ctx.files.srcs],
            imports = arguments.short_path,
            program = program.short_path,
        )},
    ))
    runfiles = ctx.runfiles(files = [arguments, program], transitive_files = imports.sources)
    runfiles = runfiles.merge(ctx.attr.jsonnet_lint[DefaultInfo].default_runfiles)
    return [
        launcher(ctx, ctx.attr._check, request, runfiles),
        OutputGroupInfo(_validation = check_deps(ctx, imports, ctx.files.srcs)),
    ]

jsonnet_lint_test = rule(
    implementation = _jsonnet_lint_test_impl,
    doc = "A test that `jsonnet-lint` finds nothing in Jsonnet files: unused variables, fields that there are not, calls that " +
          "cannot be. Skipped where Go cannot build that.",
    attrs = IMPORT_ATTRS | {
        "jsonnet_lint": attr.label(
            allow_files = True,
            cfg = "exec",
            default = "@windlass_go_jsonnet//:jsonnet-lint",
            doc = "The linter: a program that takes `-J <folder>` and files, and fails where it finds something.",
            executable = True,
        ),
        "srcs": attr.label_list(
            allow_files = [ending for ending in JSONNET_FILES if ending != ".json"],
            doc = "The files.",
            mandatory = True,
        ),
    },
    test = True,
)
