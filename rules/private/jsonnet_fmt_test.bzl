"""The jsonnet_fmt_test rule: whether Jsonnet is formatted."""

load("//tools/lib/runfiles:launcher.bzl", "declare_request", "launcher")
load(":jsonnet_imports.bzl", "CHECK_ATTRS", "JSONNET_FILES")
load(":labels.bzl", "label_text")

# The version of the request's schema: the tool refuses another.
_VERSION = 1

def _jsonnet_fmt_test_impl(ctx):
    program = ctx.executable.jsonnetfmt
    request = declare_request(ctx, struct(
        version = _VERSION,
        label = label_text(ctx.label),
        task = {"format": struct(
            files = [file.short_path for file in ctx.files.srcs],
            imports = None,
            program = program.short_path,
        )},
    ))
    runfiles = ctx.runfiles(files = ctx.files.srcs + [program])
    runfiles = runfiles.merge(ctx.attr.jsonnetfmt[DefaultInfo].default_runfiles)
    return launcher(ctx, ctx.attr._check, request, runfiles)

jsonnet_fmt_test = rule(
    implementation = _jsonnet_fmt_test_impl,
    doc = "A test that Jsonnet files are as `jsonnetfmt` writes them; it shows what would change. Skipped where " +
          "Go cannot build that.",
    attrs = CHECK_ATTRS | {
        "jsonnetfmt": attr.label(
            allow_files = True,
            cfg = "exec",
            default = "@windlass_go_jsonnet//:jsonnetfmt",
            doc = "The formatter: a program that prints the file that it is given as it should be.",
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
