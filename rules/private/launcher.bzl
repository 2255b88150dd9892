"""Launchers: a link to a tool, and its request beside it."""

def launcher(ctx, tool, request, files = []):
    """Declares a launcher. It holds no shell: it is the tool, which finds its request by its own name.

    Args:
      ctx: the rule's context.
      tool: the tool's attribute.
      request: struct: what the tool is to do.
      files: Files that the request names by their runfiles paths.

    Returns:
      DefaultInfo of an executable.
    """
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = tool[DefaultInfo].files_to_run.executable,
        is_executable = True,
    )
    written = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(written, json.encode_indent(request) + "\n")
    runfiles = ctx.runfiles(files = [executable, written] + files)
    return DefaultInfo(
        executable = executable,
        files = depset([executable, written]),
        runfiles = runfiles.merge(tool[DefaultInfo].default_runfiles),
    )
