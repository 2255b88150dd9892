"""The tool that checks and resolves manifests, and how its actions run."""

MANIFEST_ATTRS = {
    "_manifest": attr.label(cfg = "exec", default = "//tools/manifest", executable = True),
}

# One process does the actions of many targets, one after another.
_WORKER = {
    "requires-worker-protocol": "json",
    "supports-workers": "1",
}

def manifest_args(ctx):
    """The arguments of an action of the tool, in the form that it reads.

    Args:
      ctx: the context of a rule.

    Returns:
      Args, empty.
    """
    args = ctx.actions.args()
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    return args

def run_manifest(ctx, verb, args, inputs, output, mnemonic, progress_message):
    """Declares an action of the tool.

    Args:
      ctx: the context of a rule with MANIFEST_ATTRS.
      verb: what the tool does.
      args: Args of manifest_args.
      inputs: list or depset of Files: what it reads.
      output: the File that it writes.
      mnemonic: the kind of the action.
      progress_message: what Bazel says meanwhile.
    """
    ctx.actions.run(
        executable = ctx.executable._manifest,
        arguments = [verb, args],
        execution_requirements = _WORKER,
        inputs = inputs,
        mnemonic = mnemonic,
        outputs = [output],
        progress_message = progress_message,
    )
