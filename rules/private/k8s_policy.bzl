"""The k8s_policy rule: what a repository asks of its objects beyond Kubernetes and windlass."""

load("//rules/private/providers:k8s_policy_info.bzl", "K8sPolicyInfo")
load(":jsonnet_deps.bzl", "check_deps")
load(":jsonnet_imports.bzl", "IMPORT_ATTRS", "IN_ACTION", "JSONNET_FILES", "RENDERER", "add_imports", "collect_imports", "new_args")
load(":labels.bzl", "label_text")
load(":policy.bzl", "RULES")

def evaluate_policy(ctx, policy, binding, src):
    """Declares the action that asks a policy what is wrong with an object.

    The object is as it is rendered, so that a new image is no reason to ask again.

    Args:
      ctx: the context of a rule that has `_jsonnet`, the tool.
      policy: K8sPolicyInfo.
      binding: that of the object.
      src: File: the object, as JSON.

    Returns:
      a File with a list of texts.
    """
    output = ctx.actions.declare_file("%s.%s.messages.json" % (ctx.label.name, policy.name))
    environment = binding.environment
    context = {"environment": {
        "images": environment.images,
        "name": environment.name,
        "namespace": environment.namespace,
        "personal": environment.personal,
        "protected": environment.protected,
    }}
    args = new_args(ctx)
    args.add("--label", label_text(ctx.label))
    args.add("--src", policy.src.short_path)
    add_imports(args, policy.imports, IN_ACTION)
    args.add_all(["--file", src.short_path, src.path])
    args.add_all(["--tla-code-file", "object", src.short_path])
    args.add("--tla-code", json.encode({"context": json.encode(context)}))
    args.add_all(["--out", "messages", output])
    ctx.actions.run(
        executable = ctx.executable._jsonnet,
        arguments = [args],
        inputs = depset([src], transitive = [policy.imports.sources]),
        outputs = [output],
        mnemonic = "K8sPolicy",
        progress_message = "Asking policy %s about %%{label}" % policy.name,
        execution_requirements = RENDERER,
    )
    return output

def _k8s_policy_impl(ctx):
    if ctx.label.name in RULES:
        fail("k8s_policy %s: attribute name: got that of a rule of windlass; give it another" % label_text(ctx.label))
    imports = collect_imports(ctx, "k8s_policy", [ctx.file.src], [])
    return [
        DefaultInfo(files = depset([ctx.file.src])),
        K8sPolicyInfo(imports = imports, name = ctx.label.name, src = ctx.file.src),
        OutputGroupInfo(_validation = check_deps(ctx, imports, [ctx.file.src])),
    ]

k8s_policy = rule(
    implementation = _k8s_policy_impl,
    doc = """A rule of one's own: `bind(policies = ["//policies:owner"])` has every object checked by it.

The source is a function of the object, as it is rendered, and of `context`, whose `environment` has the fields
`name`, `namespace`, `images`, `personal` and `protected`. It gives a list of texts: what is wrong, field first.
The target's name is the one that `waivers` say.""",
    attrs = IMPORT_ATTRS | {
        "src": attr.label(
            allow_single_file = JSONNET_FILES,
            doc = "The source: `function(object, context) [...]`.",
            mandatory = True,
        ),
    },
    provides = [K8sPolicyInfo],
)
