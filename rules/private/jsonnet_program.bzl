"""Tests that run a program of go-jsonnet, or one in its place, on Jsonnet files."""

load("//tools/lib/runfiles:launcher.bzl", "declare_request", "launcher")
load(":jsonnet_imports.bzl", "JSONNET_FILES")
load(":labels.bzl", "label_text")

# The version of the request's schema: the tool refuses another.
_VERSION = 1

PROGRAM_ATTRS = {
    "srcs": attr.label_list(
        allow_files = [ending for ending in JSONNET_FILES if ending != ".json"],
        doc = "The files.",
        mandatory = True,
    ),
}

def program_attr(default, doc):
    """The attribute of a program.

    Args:
      default: label of the program of go-jsonnet.
      doc: what it does.

    Returns:
      an attribute.
    """
    return attr.label(
        allow_files = True,
        cfg = "exec",
        default = default,
        doc = doc,
        executable = True,
    )

def launch_program(ctx, task, name, imports = None, sources = None):
    """The launcher of a test that runs a program on `srcs`.

    Args:
      ctx: the context of a rule with CHECK_ATTRS, PROGRAM_ATTRS and the program's attribute.
      task: what the tool does with it: "format" or "lint".
      name: the program's attribute.
      imports: File: what the sources may import, as arguments; None for a formatter.
      sources: depset of Files: all that can be read, where that is more than `srcs`.

    Returns:
      DefaultInfo.
    """
    program = getattr(ctx.executable, name)
    request = declare_request(ctx, struct(
        version = _VERSION,
        label = label_text(ctx.label),
        task = {task: struct(
            files = [file.short_path for file in ctx.files.srcs],
            imports = imports.short_path if imports else None,
            program = program.short_path,
        )},
    ))
    runfiles = ctx.runfiles(
        files = ctx.files.srcs + [program] + ([imports] if imports else []),
        transitive_files = sources,
    )
    runfiles = runfiles.merge(getattr(ctx.attr, name)[DefaultInfo].default_runfiles)
    return launcher(ctx, ctx.attr._check, request, runfiles)
