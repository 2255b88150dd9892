"""The attribute `patterns` of rules that ask Bazel for manifests when they are run."""

load(":labels.bzl", "label_text")

def patterns_attr(what):
    """The attribute.

    Args:
      what: what the k8s_objects are for, after "The k8s_objects that".

    Returns:
      an attribute, for `attrs` of a rule.
    """
    return attr.string_list(
        allow_empty = False,
        default = ["//..."],
        doc = "The k8s_objects that %s, as target patterns. Manual targets are left out." % what,
    )

def check_patterns(ctx, rule):
    """Fails where a pattern is not of this repository.

    Args:
      ctx: the context of a rule that has the attribute.
      rule: the rule's name.
    """
    for pattern in ctx.attr.patterns:
        if not pattern.startswith("//"):
            fail("%s %s: attribute patterns: got %r, want patterns of this repository as in \"//services/...\"" % (
                rule,
                label_text(ctx.label),
                pattern,
            ))
