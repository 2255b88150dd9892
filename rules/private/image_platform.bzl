"""The platform of an image, in the words of OCI."""

load(":labels.bzl", "label_text")

# Constraint -> how Go, and so OCI, calls it.
_ARCHITECTURES = {
    "@platforms//cpu:aarch64": "arm64",
    "@platforms//cpu:x86_64": "amd64",
}
_SYSTEMS = {"@platforms//os:linux": "linux"}

def _called(ctx, rule_name, constraints, what):
    """How the one of some constraints is called that the platform has."""
    for constraint in constraints:
        if ctx.target_platform_has_constraint(constraint[platform_common.ConstraintValueInfo]):
            return constraints[constraint]
    fail("%s %s: attribute platform: got %s, want a platform whose %s is one of %s" % (
        rule_name,
        label_text(ctx.label),
        repr(label_text(ctx.fragments.platform.platform)),
        what,
        ", ".join(constraints.values()),
    ))

def add_platform(args, ctx, rule_name):
    """Adds the system and the processor that an image is for to the arguments of the image tool.

    Args:
      args: Args.
      ctx: the rule's context; it has PLATFORM_ATTRS and the fragment `platform`.
      rule_name: the rule's name, for messages.
    """
    args.add("--os", _called(ctx, rule_name, ctx.attr._systems, "system"))
    args.add("--architecture", _called(ctx, rule_name, ctx.attr._architectures, "processor"))

PLATFORM_ATTRS = {
    "platform": attr.label(
        doc = "The platform to build for; that of the cluster's nodes (`//rules:node_platform`) if not given. " +
              "What is built as part of an index, or below another image, is for the platform of that.",
    ),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        doc = "Without it Bazel lets no rule change configurations.",
    ),
    "_architectures": attr.label_keyed_string_dict(
        default = _ARCHITECTURES,
        doc = "Processors, and how OCI calls them.",
    ),
    "_systems": attr.label_keyed_string_dict(
        default = _SYSTEMS,
        doc = "Systems, and how OCI calls them.",
    ),
}
