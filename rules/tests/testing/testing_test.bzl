"""Tests of k8s_apply_test: its request, and each refusal."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules/private:k8s_apply_test.bzl", "apply_run_test", "apply_run_update")
load(":shop.bzl", "bound")

_STEPS = ["create Service base"]

def _request_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    found = [
        json.decode(a.content)
        for a in analysistest.target_actions(env)
        for o in a.outputs.to_list()
        if o.basename == target.label.name + ".json"
    ]
    asserts.equals(env, [json.decode(ctx.attr.want)], found)
    files = [file.short_path for file in target[DefaultInfo].default_runfiles.files.to_list()]
    for request in found:
        launchers = [step["launcher"] for step in request["setup"] + [request["target"]]]
        for launcher in launchers + [request["api_server"]]:
            asserts.true(env, launcher.removeprefix("_main/") in files, "%s is not in the runfiles" % launcher)
    return analysistest.end(env)

request_test = analysistest.make(_request_test_impl, attrs = {"want": attr.string()})

def _fails_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.text)
    return analysistest.end(env)

fails_test = analysistest.make(_fails_test_impl, attrs = {"text": attr.string()}, expect_failure = True)

def _objects():
    """Targets that a test may not take, or not together."""
    manual = {"tags": ["manual"]}
    for name, constants in {
        "far": {"registry": "far.example:443"},
        "fixed": {"registry": "172.19.0.2:5000"},
        "known": {"cluster_id": "3f9c"},
        "local": {"image_delivery": "node"},
        "moved": {"registry": "localhost:5001"},
        "two": {"cluster": "two"},
    }.items():
        bound(**constants).k8s_object(
            name = name,
            env = "shop",
            images = {"web": ":image"},
            kind = "Deployment",
            src = "top.json",
            **manual
        )

def _want(name, verb, **expected):
    package = "//rules/tests/testing:"
    step = lambda step: {
        "label": package + step,
        "launcher": "_main/rules/tests/testing/" + step,
    }
    return json.encode({
        "api_server": "_main/cluster/with_api_server",
        "context": "shop",
        "expected": {"before": {}, "golden": None, "steps": None} | expected,
        "label": package + name,
        "namespace": "shop",
        "registry": "localhost:5000",
        "setup": [step("setup.apply")],
        "target": step("top.apply"),
        "verb": verb,
        "version": 1,
    })

def _request_tests(name):
    common = {"setup": [":setup.apply"], "tags": ["manual"], "target": ":top.apply"}
    before = {"Service base": ["Deployment top"]}
    golden = {
        "path": "rules/tests/testing/diamond.steps",
        "runfile": "_main/rules/tests/testing/diamond.steps",
    }
    apply_run_test(name = "inline_test", before = before, steps = _STEPS, **common)
    apply_run_test(name = "golden_test", golden = "diamond.steps", **common)
    apply_run_update(name = "golden_test.update", testonly = True, golden = "diamond.steps", **common)
    for target, want in {
        "golden_test": _want("golden_test", "test", golden = golden),
        "golden_test.update": _want("golden_test", "update", golden = golden),
        "inline_test": _want("inline_test", "test", before = before, steps = _STEPS),
    }.items():
        request_test(name = "%s_%s_request" % (name, target), target_under_test = ":" + target, want = want)

def testing_test_suite(name):
    """All analysis tests of the rule.

    Args:
      name: the suite's name.
    """
    _objects()
    _request_tests(name)
    steps = {"steps": _STEPS}
    top = {"target": ":top.apply"} | steps
    for case, (attributes, text) in {
        "before": (top | {"before": {"base": ["Deployment top"]}}, "attribute before: got \"base\", want `<kind> <name>`"),
        "both": (top | {"golden": "diamond.steps"}, "attribute steps: got golden too; set steps or golden"),
        "cluster_id": ({"target": ":known.apply"} | steps, "attribute target: got `//rules/tests/testing:known.apply`, whose environment names a cluster_id"),
        "image_delivery": ({"target": ":local.apply"} | steps, "attribute target: got `//rules/tests/testing:local.apply` with image_delivery \"node\", want \"registry\""),
        "other_cluster": (top | {"setup": [":two.apply"]}, "attribute setup: got `//rules/tests/testing:two.apply` on cluster \"two\", want cluster \"shop\""),
        "other_registry": (top | {"setup": [":moved.apply"]}, "attribute setup: got `//rules/tests/testing:moved.apply` with registry \"localhost:5001\", want registry \"localhost:5000\""),
        "neither": ({"target": ":top.apply"}, "attribute steps: got no golden either; set steps or golden"),
        "registry": ({"target": ":far.apply"} | steps, "attribute target: got `//rules/tests/testing:far.apply`, which pushes to \"far.example:443\", want a registry that is spoken to by http"),
        "scheme": ({"target": ":fixed.apply"} | steps, "which pushes to \"172.19.0.2:5000\", want a registry that is spoken to by http"),
        "step": (top | {"steps": ["made Service base"]}, "attribute steps: got \"made Service base\", want `<word> <what>` with one of change, create, delete, push"),
        "verb": ({"target": ":top.delete"} | steps, "attribute target: got `//rules/tests/testing:top.delete`, want an `.apply`"),
    }.items():
        apply_run_test(name = case + "_subject_test", tags = ["manual"], **attributes)
        fails_test(name = "%s_%s_fails" % (name, case), target_under_test = ":%s_subject_test" % case, text = text)
