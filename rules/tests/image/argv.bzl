"""Tests of what the image tool is given."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")

_ARM64 = Label("//rules/platforms:linux_arm64")

def argv(env, mnemonic):
    """The tool's arguments, folders of the build left out.

    Args:
      env: of a test.
      mnemonic: which action.

    Returns:
      a list of texts; None if there is no such action.
    """
    for action in analysistest.target_actions(env):
        if action.mnemonic == mnemonic:
            return [arg.split("/bin/rules/tests/image/")[-1] for arg in action.argv[1:] if not arg.startswith("@")]
    return None

def _argv_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.equals(env, ctx.attr.want, argv(env, ctx.attr.mnemonic))
    return analysistest.end(env)

_ARGV_ATTRS = {
    "mnemonic": attr.string(doc = "Which action.", mandatory = True),
    "want": attr.string_list(doc = "Its arguments."),
}

argv_test = analysistest.make(_argv_test_impl, attrs = _ARGV_ATTRS)

# The same from a machine that is nothing like the nodes.
foreign_argv_test = analysistest.make(
    _argv_test_impl,
    attrs = _ARGV_ATTRS,
    config_settings = {"//command_line_option:platforms": str(Label("//rules/tests/image:foreign"))},
)

arm64_argv_test = analysistest.make(
    _argv_test_impl,
    attrs = _ARGV_ATTRS,
    config_settings = {str(Label("//rules:node_platform")): str(_ARM64)},
)
