"""The k8s_verb rule: a run target that does one thing with objects."""

load("//rules/private/providers:k8s_objects_info.bzl", "K8sObjectsInfo")
load("//rules/private/providers:k8s_verb_info.bzl", "K8sVerbInfo")
load(":request.bzl", "PUSHES", "launch")

# What can be done with objects.
VERBS = ["apply", "create", "delete", "diff", "logs", "port-forward", "push", "replace", "resolve", "status"]

# What can be done with groups of objects beside that.
GROUP_VERBS = ["graph", "roles"]

def _k8s_verb_impl(ctx):
    info = ctx.attr.objects[K8sObjectsInfo]
    return [
        launch(ctx, ctx.attr.verb, info, ctx.attr._deploy),
        K8sVerbInfo(
            binding = info.binding,
            pushes = ctx.attr.verb in PUSHES and bool(info.images),
            verb = ctx.attr.verb,
        ),
    ]

k8s_verb = rule(
    implementation = _k8s_verb_impl,
    doc = "Does one thing with objects when it is run: applies, creates, replaces or deletes them, shows what would " +
          "change or how they stand, draws them, shows the logs of their pods or forwards ports to them, pushes their images, prints " +
          "them, or prints the rights that applying them takes.",
    attrs = {
        "objects": attr.label(
            mandatory = True,
            providers = [K8sObjectsInfo],
            doc = "A k8s_object or k8s_objects target.",
        ),
        "verb": attr.string(mandatory = True, values = VERBS + GROUP_VERBS, doc = "What to do."),
        "_deploy": attr.label(cfg = "exec", default = "//tools/deploy", executable = True),
    },
    executable = True,
)
