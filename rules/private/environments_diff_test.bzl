"""environments_diff_test: one service in several environments differs where it is said to, and nowhere else."""

load("//rules/private/providers:k8s_objects_info.bzl", "K8sObjectsInfo")
load("//tools/lib/runfiles:launcher.bzl", "launcher")
load(":labels.bzl", "label_text")
load(":rendered_request.bzl", "write_rendered_request")

def _environments_diff_test_impl(ctx):
    targets = ctx.attr.targets
    names = [target[K8sObjectsInfo].binding.environment.name for target in targets]
    if len(names) < 2 or len({name: None for name in names}) < len(names):
        fail("environments_diff_test %s: attribute targets: got environments %s, want two or more, each once" % (
            label_text(ctx.label),
            names,
        ))
    for field in ctx.attr.mapped:
        object, _, path = field.partition(": ")
        if len(object.split(" ")) != 2 or not path:
            fail("environments_diff_test %s: attribute mapped: got %r, want \"<kind> <name>: <field>\" as in %r" % (
                label_text(ctx.label),
                field,
                "Deployment web: spec.replicas",
            ))
    entries = [struct(
        head = struct(
            target = label_text(target.label),
            environment = target[K8sObjectsInfo].binding.environment.name,
            namespace = target[K8sObjectsInfo].binding.environment.namespace,
        ),
        rendered = target[K8sObjectsInfo].rendered,
    ) for target in targets]
    request = write_rendered_request(
        ctx,
        label = label_text(ctx.label),
        task = "environments",
        fields = {"mapped": ctx.attr.mapped},
        list = "targets",
        entries = entries,
    )
    runfiles = ctx.runfiles(transitive_files = depset(transitive = [entry.rendered for entry in entries]))
    return [launcher(ctx, ctx.attr._tool, request, runfiles)]

environments_diff_test = rule(
    implementation = _environments_diff_test_impl,
    doc = "Compares a service in the first of its environments with each other one. They may differ in their namespace and in " +
          "what is mapped; what is mapped has to differ somewhere.",
    attrs = {
        "mapped": attr.string_list(
            doc = "Fields that differ by environment, with all below them: `StatefulSet redis: spec.replicas`.",
        ),
        "targets": attr.label_list(
            doc = "The service in each environment: `[env + \"-shallow\" for env in NAMESPACES]`. NAMESPACES are the " +
                  "environments that there are, a personal one only where a user is known: `namespaces` of `bind`.",
            mandatory = True,
            providers = [K8sObjectsInfo],
        ),
        "_tool": attr.label(cfg = "exec", default = "//tools/rendered", executable = True),
    },
    test = True,
)
