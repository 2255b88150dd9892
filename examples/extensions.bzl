"""The module extension of the examples: what they are built with, fetched when one is built."""

load("//examples/go:go_repo.bzl", "go_repo")

def _examples_impl(_mctx):
    go_repo(name = "windlass_go")

examples = module_extension(
    implementation = _examples_impl,
    doc = "Makes @windlass_go: Go of this machine, and modules.",
)
