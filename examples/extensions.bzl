"""The module extension of the examples: what they are built with, fetched when one is built."""

load("//examples/cpp:cpp_repo.bzl", "cpp_repo")
load("//examples/go:go_repo.bzl", "go_repo")
load("//examples/java:java_repo.bzl", "java_repo")
load("//examples/python:packages_repo.bzl", "packages_repo")

def _examples_impl(_mctx):
    cpp_repo(name = "windlass_cpp")
    go_repo(name = "windlass_go")
    java_repo(name = "windlass_java")
    packages_repo(name = "windlass_python_packages")

examples = module_extension(
    implementation = _examples_impl,
    doc = "Makes @windlass_cpp, @windlass_go, @windlass_java and @windlass_python_packages: compilers of this machine, and libraries from registries.",
)
