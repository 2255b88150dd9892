"""The jsonnet_fmt_test rule: whether Jsonnet is formatted."""

load(":jsonnet_imports.bzl", "CHECK_ATTRS")
load(":jsonnet_program.bzl", "PROGRAM_ATTRS", "launch_program", "program_attr")

def _jsonnet_fmt_test_impl(ctx):
    return launch_program(ctx, "format", "jsonnetfmt")

jsonnet_fmt_test = rule(
    implementation = _jsonnet_fmt_test_impl,
    doc = "A test that Jsonnet files are as `jsonnetfmt` writes them; it shows what would change. Skipped where " +
          "Go cannot build that.",
    attrs = CHECK_ATTRS | PROGRAM_ATTRS | {
        "jsonnetfmt": program_attr(
            default = "@windlass_go_jsonnet//:jsonnetfmt",
            doc = "The formatter: a program that prints the file that it is given as it should be.",
        ),
    },
    test = True,
)
