"""Tests of `ENV.dev`: its request, that nothing of the group is built with it, and where there is none."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules:k8s.bzl", "bind")

_bound = bind(
    cluster = "shop",
    envs = {
        "dev": {"images": "built", "namespace": "dev"},
        "prod": {"images": "pinned", "namespace": "prod"},
    },
    project = "shop",
    registry = "localhost:5000",
    setup = "//prod:setup.apply",
    user = "ann",
)

def _request_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    found = [
        json.decode(a.content)
        for a in analysistest.target_actions(env)
        for o in a.outputs.to_list()
        if o.basename == target.label.name + ".json"
    ]
    label = "//rules/tests/dev:"
    asserts.equals(env, [{"apply": label + "dev-deep.apply", "label": label + "dev.dev", "version": 1}], found)
    runfiles = target[DefaultInfo].default_runfiles.files.to_list()
    asserts.equals(env, [], [file.basename for file in runfiles if file.basename == "config.json"])
    return analysistest.end(env)

request_test = analysistest.make(_request_test_impl)

def _environments_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, ["dev.dev"], ctx.attr.targets)
    return unittest.end(env)

environments_test = unittest.make(_environments_test_impl, attrs = {"targets": attr.string_list()})

def dev_test_suite(name):
    """All tests of the dev loop's targets, of a service of two environments.

    Args:
      name: the suite's name.
    """
    _bound.service(
        name = "web",
        src = "web.jsonnet",
        outputs = {"config.json": "ConfigMap"},
        tags = ["manual"],
    )
    request_test(name = name + "_request", target_under_test = ":dev.dev")
    environments_test(
        name = name + "_environments",
        targets = [target for target in native.existing_rules() if target.endswith(".dev")],
    )
