"""The k8s_roles rule: the rights that applying groups takes, as a build output."""

load("//rules/private/providers:k8s_objects_info.bzl", "K8sObjectsInfo")
load(":labels.bzl", "label_text")
load(":request.bzl", "write_request")

def _k8s_roles_impl(ctx):
    infos = [target[K8sObjectsInfo] for target in ctx.attr.objects]
    requests = []
    for index, target in enumerate(ctx.attr.objects):
        requests.append(ctx.actions.declare_file("%s.%d.request.json" % (ctx.label.name, index)))
        write_request(
            ctx,
            requests[-1],
            "roles",
            target[K8sObjectsInfo],
            label_text(target.label),
            depset(),
            in_action = True,
        )
    out = ctx.actions.declare_file(ctx.label.name + ".json")
    args = ctx.actions.args()
    args.add_all(requests, before_each = "--request")
    args.add("--out", out)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = depset(requests, transitive = [info.manifests for info in infos]),
        mnemonic = "K8sRoles",
        outputs = [out],
        progress_message = "Finding the rights of %{label}",
    )
    return [DefaultInfo(files = depset([out]))]

k8s_roles = rule(
    implementation = _k8s_roles_impl,
    doc = "The rules of the Roles of an account that applies groups: JSON, by namespace. Those of all groups together.",
    attrs = {
        "objects": attr.label_list(
            allow_empty = False,
            mandatory = True,
            providers = [K8sObjectsInfo],
            doc = "k8s_objects targets of one environment.",
        ),
        "_tool": attr.label(cfg = "exec", default = "//tools/roles", executable = True),
    },
)
