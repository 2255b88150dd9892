"""Tests of the checks that a k8s_object declares."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules:k8s.bzl", "bind")
load("//rules/private:k8s_schemas.bzl", "KUBERNETES_VERSIONS", "refusal_of_versions")

def _bind(**kwargs):
    return bind(
        cluster = "one",
        envs = {
            "far": {"images": "built", "namespace": "far"},
            "prod": {"images": "pinned", "namespace": "prod"},
        },
        project = "shop",
        registry = "localhost:5000",
        setup = "//x:setup.apply",
        user = "alice",
        **kwargs
    )

def _versions_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, None, refusal_of_versions(KUBERNETES_VERSIONS))
    for versions, want in [
        ([], "kubernetes_versions: got [], want a list of minor versions, as in [\"1.37\"]"),
        ("1.36", "kubernetes_versions: got \"1.36\", want a list of minor versions, as in [\"1.37\"]"),
        (["1.36", "1.9"], "kubernetes_versions: got \"1.9\", want some of [\"1.34\", \"1.35\", \"1.36\", \"1.37\"]"),
    ]:
        asserts.equals(env, want, refusal_of_versions(versions))
    return unittest.end(env)

versions_test = unittest.make(_versions_test_impl)

def _parameters(env, mnemonic):
    """What the one action of a mnemonic is called with, the lines of its parameter file included."""
    actions = [action for action in analysistest.target_actions(env) if action.mnemonic == mnemonic]
    asserts.equals(env, 1, len(actions), "actions " + mnemonic)
    inputs = [file.path for file in actions[0].inputs.to_list()]
    lines = [
        action.content.splitlines()
        for action in analysistest.target_actions(env)
        for output in action.outputs.to_list()
        if output.path in inputs and output.basename.endswith(".params")
    ]
    return actions[0].argv + [line for file in lines for line in file]

def _follows(list, flag):
    """What stands behind a flag, each time."""
    return [list[at + 1] for at in range(len(list) - 1) if list[at] == flag]

def _check_test_impl(ctx):
    env = analysistest.begin(ctx)
    check = _parameters(env, "K8sCheck")
    resolve = _parameters(env, "K8sResolve")
    got = {
        "checkWaives": _follows(check, "--waive"),
        "crds": [path.rpartition("/")[2] for path in _follows(check, "--crd")],
        "digests": "--digests" in resolve,
        "resolveWaives": _follows(resolve, "--waive"),
        "schemas": [path.rpartition("/")[2] for path in _follows(check, "--schema")],
        "src": [path.rpartition("/")[2] for path in _follows(check, "--src")],
    }
    asserts.equals(env, json.decode(ctx.attr.want), got)

    # What is checked is built whenever the target is.
    target = analysistest.target_under_test(env)
    checked = [file.basename for file in target[OutputGroupInfo]._validation.to_list()]
    asserts.true(env, target.label.name + ".checked" in checked, "checked: %s" % checked)
    return analysistest.end(env)

check_test = analysistest.make(_check_test_impl, attrs = {"want": attr.string()})

def check_test_suite(name):
    """All tests of checks.

    Args:
      name: the suite's name.
    """
    manual = {"kind": "Deployment", "src": "web.json", "tags": ["manual"]}
    crd = dict(manual, kind = "CustomResourceDefinition", env = "setup")
    waivers = {"waivers": {"digests": "its tag is fixed", "latest": "it is its own"}}
    one = _bind()
    other = _bind(
        crds = ["//rules/tests/k8s:checked-crd"],
        kubernetes_versions = ["1.34", "1.36"],
    )
    one.k8s_object(name = "checked-plain", env = "far", **manual)
    one.k8s_object(name = "checked-pinned", env = "prod", policy = waivers, **manual)
    other.k8s_object(name = "checked-crd", **crd)
    other.k8s_object(name = "checked-more", env = "far", **manual)
    nothing = {"checkWaives": [], "crds": [], "digests": False, "resolveWaives": [], "schemas": ["1.37.json"], "src": ["web.json"]}
    two = dict(nothing, schemas = ["1.34.json", "1.36.json"])
    waived = ["digests", "latest"]
    unittest.suite(name + "_unit", versions_test)
    for target, want in {
        # What defines kinds is not checked by itself.
        "checked-crd": two,
        "checked-more": dict(two, crds = ["checked-crd.resolved.json"]),
        "checked-pinned": dict(nothing, checkWaives = waived, digests = True, resolveWaives = waived),
        "checked-plain": nothing,
    }.items():
        check_test(name = "%s_%s" % (name, target), target_under_test = ":" + target, want = json.encode(want))
