"""Who builds, as a Starlark constant: the only way by which $USER reaches a target."""

def _user_repo_impl(rctx):
    # Only recorded: whether it can name a namespace is checked where such a namespace is used.
    user = rctx.getenv("USER", "")  # fetched anew when it changes
    rctx.file("BUILD.bazel", 'exports_files(["user.bzl"])\n')
    rctx.file("user.bzl", "\"\"\"Who builds.\"\"\"\n\nUSER = %s\n" % json.encode(user))

user_repo = repository_rule(
    implementation = _user_repo_impl,
    doc = "Makes `user.bzl` with `USER`: the value of $USER, or of --repo_env=USER=...; empty when unset.",
)
