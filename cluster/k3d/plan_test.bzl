"""Tests of k3d_plan."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//:cluster_constants.bzl", "K3D_NETWORK")
load(":plan.bzl", "k3d_plan")

def _fails_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.text)
    return analysistest.end(env)

_fails_test = analysistest.make(
    _fails_test_impl,
    attrs = {"text": attr.string()},
    expect_failure = True,
)

def plan_test_suite(name):
    """All tests of the rule: what it writes is compared with goldens.

    Args:
      name: the suite's name.
    """
    k3d_plan(
        name = "no-port",
        commands = "no-port/commands.txt",
        context = "windlass",
        network = K3D_NETWORK,
        registries = "no-port/registries.yaml",
        registry = "localhost",
        tags = ["manual"],
    )
    _fails_test(
        name = name + "_no_port",
        target_under_test = ":no-port",
        text = "registry: got \"localhost\", want host:port",
    )
    native.test_suite(name = name, tests = [name + "_no_port"])
