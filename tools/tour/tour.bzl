"""The tour rule: edits in a copy of the checkout, and what Bazel makes of each."""

load("//tools/lib/runfiles:launcher.bzl", "declare_request", "launcher")

def edit(file, old, new):
    """One edit of a step.

    Args:
      file: its path from the root of the checkout.
      old: a text in it.
      new: what is put in its place.

    Returns:
      a struct for `step`.
    """
    return struct(file = file, old = old, new = new)

def step(title, edits, refused = []):
    """One step of a tour: edits, and what comes of them. The next step begins with the commit again.

    Args:
      title: what is shown, in a sentence.
      edits: list of what `edit` gave.
      refused: arguments of a `bazel build` that must fail, whose error is shown; where there are none, what the edits do to the
        manifests of each environment is shown.

    Returns:
      JSON text, an item of the rule's `steps`.
    """
    return json.encode(struct(title = title, edits = edits, refused = refused))

def _tour_impl(ctx):
    request = declare_request(ctx, struct(
        version = 1,
        label = "//" + str(ctx.label).partition("//")[2],
        targets = ctx.attr.patterns,
        steps = [json.decode(step) for step in ctx.attr.steps],
        next = ctx.attr.next,
    ))
    return launcher(ctx, ctx.attr._tour, request, ctx.runfiles())

tour = rule(
    implementation = _tour_impl,
    doc = "Makes edits in a copy of the commit that the checkout is at, and shows what Bazel makes of each. Needs no cluster.",
    attrs = {
        "next": attr.string_list(doc = "Lines to print in the end."),
        "patterns": attr.string_list(doc = "The k8s_objects whose manifests are compared, as target patterns.", mandatory = True),
        "steps": attr.string_list(doc = "What `step` gave, in order.", mandatory = True),
        "_tour": attr.label(cfg = "exec", default = "//tools/tour", executable = True),
    },
    executable = True,
)
