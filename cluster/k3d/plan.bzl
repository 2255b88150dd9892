"""The k3d_plan rule: what k3d would be told with one set of constants."""

load("//cluster:launcher.bzl", "LAUNCHER_ATTRS", "write_request")

def _k3d_plan_impl(ctx):
    request = ctx.actions.declare_file(ctx.label.name + ".json")
    write_request(ctx, request, "plan", constants = ctx.attr)
    args = ctx.actions.args()
    args.add("--request", request)
    args.add("--registries", ctx.outputs.registries)
    args.add("--commands", ctx.outputs.commands)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = ["plan", args],
        inputs = [request],
        outputs = [ctx.outputs.registries, ctx.outputs.commands],
        mnemonic = "K3dPlan",
        progress_message = "Planning %{label}",
    )

k3d_plan = rule(
    implementation = _k3d_plan_impl,
    doc = "Writes `registries.yaml` and the commands of `up`, `down` and `reset` by docker and k3d. Nothing is run.",
    attrs = LAUNCHER_ATTRS | {
        "commands": attr.output(
            mandatory = True,
            doc = "The command lines, as one would type them.",
        ),
        "context": attr.string(
            mandatory = True,
            doc = "The kubeconfig context, and the cluster's name.",
        ),
        "network": attr.string_dict(
            mandatory = True,
            doc = "`name` and `subnet` of the Docker network, as K3D_NETWORK of the constants.",
        ),
        "registries": attr.output(
            mandatory = True,
            doc = "The node's `registries.yaml`.",
        ),
        "registry": attr.string(
            mandatory = True,
            doc = "host:port where images are pushed and pulled from.",
        ),
        "third_party": attr.string_dict(
            doc = "Name of a third party's image -> its reference.",
        ),
    },
)
