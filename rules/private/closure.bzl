"""The action that checks that what objects refer to is there."""

load(":labels.bzl", "label_text")
load(":manifest_tool.bzl", "manifest_args", "run_manifest")

def check_closure(ctx, info, unchecked, externals):
    """Declares the action that checks that what objects of a target refer to is in it or in what it needs.

    It reads them as they are rendered, so that a new image is no reason to check again. What it needs is
    checked by targets of its own: each finding is said once.

    Args:
      ctx: the context of a rule that has MANIFEST_ATTRS.
      info: K8sObjectsInfo of the target.
      unchecked: depset of Files: the objects to check, as they are rendered.
      externals: depset of str: what these refer to and others make.

    Returns:
      a File that is made where all is well.
    """
    marker = ctx.actions.declare_file(ctx.label.name + ".closed")
    args = manifest_args(ctx)
    args.add("--label", label_text(ctx.label))
    args.add_all(unchecked, before_each = "--object")
    args.add_all(info.rendered, before_each = "--given")
    args.add_all(info.given, before_each = "--given")
    args.add_all(externals, before_each = "--external")
    args.add("--out", marker)
    inputs = depset(transitive = [info.rendered, info.given])
    run_manifest(ctx, "closure", args, inputs, marker, "K8sClosure", "Checking references of %{label}")
    return marker
