"""The agent rules: the tool that publishes and applies what the main branch says, tied to one set of constants."""

load("//rules/private/providers:layer_info.bzl", "LayerInfo")
load("//tools/lib/runfiles:launcher.bzl", "declare_request", "launcher")
load(":binding.bzl", "decode_binding")
load(":image_files.bzl", "TOOL_ATTRS")
load(":image_platform.bzl", "PLATFORM_ATTRS")
load(":layer_action.bzl", "make_layer")
load(":platform_transition.bzl", "platform_transition")

# The version of the request's schema: the tool refuses another.
_VERSION = 1

def _environment(binding, targets):
    own = binding.environment
    return struct(
        name = own.name,
        namespace = own.namespace,
        registry = binding.registry,
        protected = own.protected,
        proof = own.proof,
        cluster = binding.cluster,
        cluster_id = binding.cluster_id or None,
        targets = targets,
    )

def _agent_impl(ctx):
    bindings = [decode_binding(text) for text in ctx.attr.bindings]
    names = [binding.environment.name for binding in bindings]
    for name in ctx.attr.targets:
        if name not in names:
            fail("agent %s: attribute targets: got environment %r, want one of %s" % (ctx.label, name, names))
    request = declare_request(ctx, struct(
        version = _VERSION,
        project = ctx.attr.project,
        insecure = ctx.attr.registry_scheme == "http",
        main_branch = ctx.attr.main_branch,
        pause_file = ctx.attr.pause_file,
        environments = [
            _environment(binding, ctx.attr.targets.get(binding.environment.name, []))
            for binding in bindings
        ],
    ))
    return [
        launcher(ctx, ctx.attr._tool, request, ctx.runfiles()),
        OutputGroupInfo(request = depset([request])),
    ]

agent = rule(
    implementation = _agent_impl,
    doc = "Publishes what the main branch says (`-- --publish`), or applies it (`-- --apply`), when it is run. `bind` gives it " +
          "the constants. `docs/agent.md`.",
    attrs = {
        "bindings": attr.string_list(
            mandatory = True,
            doc = "The environments whose images are pinned, as `encode_binding` writes them.",
        ),
        "main_branch": attr.string(default = "main", doc = "The branch that is followed."),
        "pause_file": attr.string(
            default = "prod/paused.json",
            doc = "The file of the repository that says what is not to be applied: environment -> why.",
        ),
        "project": attr.string(mandatory = True, doc = "First part of every repository."),
        "registry_scheme": attr.string(
            default = "auto",
            values = ["auto", "http"],
            doc = "`auto` (http for a loopback registry, https for any other) or `http`.",
        ),
        "targets": attr.string_list_dict(
            doc = "Environment -> the k8s_objects targets that are applied there: `//services/client:prod-deep`. Texts, not " +
                  "labels: who runs the agent builds none of them.",
        ),
        "_tool": attr.label(cfg = "exec", default = "//tools/agent:tool", executable = True),
    },
    executable = True,
)

def _agent_bundle_impl(ctx):
    request = ctx.attr.agent[OutputGroupInfo].request.to_list()[0]
    program = ctx.files._program[0]
    args = ctx.actions.args()
    args.add_all("--file", ["/agent", "0755", program])
    args.add_all("--file", ["/agent.json", "0644", request])
    args.add_all("--file", ["/" + ctx.file._unit.basename, "0644", ctx.file._unit])
    layer = make_layer(ctx, args, [program, request, ctx.file._unit], ctx.label.name)
    return [DefaultInfo(files = depset([layer.blob])), layer]

agent_bundle = rule(
    implementation = _agent_bundle_impl,
    doc = "The agent for a machine that has neither Bazel nor the sources: `<name>.tar.gz`, with `agent`, which is linked " +
          "statically, `agent.json`, its constants, and a unit of systemd. It is a layer as well, for an image on a base that has git.",
    attrs = PLATFORM_ATTRS | TOOL_ATTRS | {
        "agent": attr.label(mandatory = True, doc = "An agent target."),
        "_program": attr.label(default = "//tools/agent:static_program"),
        "_unit": attr.label(allow_single_file = True, default = "//tools/agent:windlass-agent@.service"),
    },
    cfg = platform_transition,
    provides = [LayerInfo],
)
