"""The module extension of the examples: what they are built with, fetched when one is built."""

load("//examples/go:go_repo.bzl", "go_repo")
load("//examples/java:java_repo.bzl", "java_repo")

def _examples_impl(_mctx):
    go_repo(name = "windlass_go")
    java_repo(name = "windlass_java")

examples = module_extension(
    implementation = _examples_impl,
    doc = "Makes @windlass_go and @windlass_java: compilers of this machine, and libraries from registries.",
)
