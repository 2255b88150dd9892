"""A program that writes files of the sources, as a part of `//:update`."""

load("@bazel_lib//lib:write_source_files.bzl", "WriteSourceFileInfo")

def _updater_impl(ctx):
    info = ctx.attr.target[DefaultInfo]
    return [
        DefaultInfo(files = info.files, runfiles = info.default_runfiles),
        WriteSourceFileInfo(executable = info.files_to_run.executable),
    ]

updater = rule(
    implementation = _updater_impl,
    doc = "Makes a run target one of the `additional_update_targets` of a write_source_files.",
    attrs = {
        "target": attr.label(cfg = "target", doc = "The run target.", executable = True, mandatory = True),
    },
)
