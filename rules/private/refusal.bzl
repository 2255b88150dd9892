"""How a rule refuses the value of an attribute."""

load(":labels.bzl", "label_text")

def refuser(rule_name):
    """The function by which a rule fails.

    Args:
      rule_name: the rule's name.

    Returns:
      a function(ctx, attribute, got, want): `got` is the value, `want` says what would be right.
    """

    def refuse(ctx, attribute, got, want):
        fail("%s %s: attribute %s: got %s, want %s" % (rule_name, label_text(ctx.label), attribute, repr(got), want))

    return refuse
