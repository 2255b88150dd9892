"""The run targets of //cluster: links to the cluster tool, each with its request beside it."""

load("//:cluster_constants.bzl", "CLUSTER", "K3D_NETWORK", "REGISTRY", "THIRD_PARTY")
load("//tools/lib/runfiles:launcher.bzl", "declare_request", "launcher")
load("//tools/lib/runfiles:runfiles.bzl", "runfile")

# The version of the request's schema: the tool refuses another.
_VERSION = 1

# The API server's port in the node; the other is the registry's node port.
_API_PORT = 6443

# What a request has of //:cluster_constants.bzl.
CONSTANTS = struct(
    context = CLUSTER,
    registry = REGISTRY,
    network = K3D_NETWORK,
    third_party = THIRD_PARTY,
)

# Attributes of a rule that calls `launch` or `write_request`.
LAUNCHER_ATTRS = {
    "_build": attr.label(
        allow_single_file = True,
        default = "//cluster:kubernetes/programs/build",
    ),
    "_kubernetes": attr.label(default = "//cluster:kubernetes"),
    "_start": attr.label(
        allow_single_file = True,
        default = "//cluster:kubernetes/node/start",
    ),
    "_tool": attr.label(
        cfg = "exec",
        default = "//tools/cluster",
        executable = True,
    ),
    "_toolbox": attr.label(default = "//toolbox"),
}

def _port(ctx, registry):
    """The port of `host:port`."""
    _, _, port = registry.rpartition(":")
    if not port.isdigit():
        fail("%s: registry: got %r, want host:port" % (ctx.label, registry))
    return int(port)

def _folder(file):
    """The path in the runfiles of the folder that the file is in."""
    return runfile(file).rsplit("/", 1)[0]

def _enter(ctx):
    """The program of the toolbox that enters it."""
    for file in ctx.files._toolbox:
        if file.basename == "enter":
            return file
    fail("%s: //toolbox: got no `enter`, want the program that enters the toolbox" % ctx.label)

def write_request(ctx, output, verb, command = None, constants = CONSTANTS):
    """Declares the action that writes a request of the cluster tool.

    Args:
      ctx: the context of a rule with LAUNCHER_ATTRS.
      output: the File to write.
      verb: what the tool is to do.
      command: File of the command that `with` runs; None for other verbs.
      constants: a struct as CONSTANTS is.
    """
    ctx.actions.write(output, json.encode_indent(struct(
        version = _VERSION,
        verb = verb,
        context = constants.context,
        registry = constants.registry,
        network = constants.network,
        ports = [_API_PORT, _port(ctx, constants.registry)],
        third_party = constants.third_party,
        programs = _folder(ctx.file._build),
        node = _folder(ctx.file._start),
        toolbox = runfile(_enter(ctx)),
        command = runfile(command) if command else "",
    )) + "\n")

def launch(ctx, verb, command = None, runfiles = []):
    """Declares a launcher of the cluster tool: a link to it, its request beside it.

    Args:
      ctx: the context of a rule with LAUNCHER_ATTRS.
      verb: what the tool is to do.
      command: File of the command that `with` runs; None for other verbs.
      runfiles: list of runfiles: of the command.

    Returns:
      DefaultInfo of an executable.
    """
    request = declare_request(ctx)
    write_request(ctx, request, verb, command)
    own = ctx.runfiles(transitive_files = depset(transitive = [
        ctx.attr._kubernetes[DefaultInfo].files,
        ctx.attr._toolbox[DefaultInfo].files,
    ]))
    return launcher(ctx, ctx.attr._tool, request, own.merge_all(runfiles))

def _cluster_launcher_impl(ctx):
    return launch(ctx, ctx.attr.verb)

cluster_launcher = rule(
    implementation = _cluster_launcher_impl,
    doc = "Does one thing with the local cluster when it is run; `-- --help` lists its options.",
    attrs = LAUNCHER_ATTRS | {
        "verb": attr.string(
            mandatory = True,
            values = ["build", "down", "kubectl", "reset", "status", "up", "with-api-server"],
            doc = "What to do.",
        ),
    },
    executable = True,
)
