"""Launchers: a link to a tool, and its request beside it."""

def declare_request(ctx, request = None):
    """Declares the request of a launcher.

    Args:
      ctx: the rule's context.
      request: struct: what the tool is to do. If it is not given, the rule writes the file itself.

    Returns:
      the File beside the launcher.
    """
    file = ctx.actions.declare_file(ctx.label.name + ".json")
    if request:
        ctx.actions.write(file, json.encode_indent(request) + "\n")
    return file

def launcher(ctx, tool, request, runfiles, outputs = depset(), files = None):
    """Declares a launcher. It holds no shell: it is the tool, which finds its request by its own name.

    Args:
      ctx: the rule's context.
      tool: the tool's attribute.
      request: the File that `declare_request` gave.
      runfiles: runfiles: what the request names.
      outputs: depset of Files that are built with the launcher.
      files: depset of the Files that the target stands for, where these are others than all of those.

    Returns:
      DefaultInfo of an executable.
    """
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = tool[DefaultInfo].files_to_run.executable,
        is_executable = True,
    )
    own = [executable, request]
    return DefaultInfo(
        executable = executable,
        files = files or depset(own, transitive = [outputs]),
        runfiles = ctx.runfiles(files = own).merge_all([runfiles, tool[DefaultInfo].default_runfiles]),
    )
