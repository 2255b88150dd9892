"""Tests of runner and of what asks it: requests, rights and what is fixed for each environment."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules/private:runner.bzl", "refusal_of_targets")

ENVS = {"myns": {}, "prod": {}}

def _refusals_test_impl(ctx):
    env = unittest.begin(ctx)
    for targets, want in [
        ({"prod": ["//a:prod-deep"]}, None),
        ({}, None),
        ({"qa": ["//a:qa-deep"]}, "runner \"r\": attribute targets: got environment \"qa\", want one of [\"myns\", \"prod\"]"),
        ({"prod": []}, "runner \"r\": attribute targets: got no group of \"prod\", want at least one; remove the environment"),
    ]:
        asserts.equals(env, want, refusal_of_targets("r", targets, ENVS))
    return unittest.end(env)

_refusals_test = unittest.make(_refusals_test_impl)

def _request(env):
    """The request that is written in analysis, but for its lists."""
    target = analysistest.target_under_test(env)
    for action in analysistest.target_actions(env):
        for output in action.outputs.to_list():
            if output.basename == target.label.name + ".json":
                return json.decode(action.content)
    return {}

def _worker_test_impl(ctx):
    env = analysistest.begin(ctx)
    request = _request(env)
    asserts.equals(env, "worker", request["verb"])
    asserts.equals(env, "//rules/tests/k8s:deep", request["target"])
    worker = request["worker"]
    asserts.equals(env, "//rules/tests/k8s:deep.bundle", worker["bundle"]["label"])
    asserts.equals(env, "localhost:5000/shop/bundles/rules/tests/k8s/deep", worker["bundle"]["repository"])

    # All that is pushed is among the runfiles.
    target = analysistest.target_under_test(env)
    runfiles = [file.short_path for file in target[DefaultInfo].default_runfiles.files.to_list()]
    for layer in worker["bundle"]["files"]["layers"]:
        path = layer["blob"].removeprefix("_main/")
        asserts.true(env, path in runfiles, "want %s in %s" % (path, runfiles))
    asserts.equals(env, ["web"], [image["key"] for image in request["images"]])
    return analysistest.end(env)

_worker_test = analysistest.make(_worker_test_impl)

def runner_test_suite(name):
    """All tests of runners; the objects are those of k8s_test.

    Args:
      name: the suite's name.
    """
    _refusals_test(name = name + "_refusals")
    _worker_test(name = name + "_worker", target_under_test = ":deep.worker")
