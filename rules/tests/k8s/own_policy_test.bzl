"""Tests of the rules that a repository has of its own."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:k8s.bzl", "bind", "k8s_policy")

def _follows(list, flag):
    """What stands behind a flag, each time."""
    return [list[at + 1] for at in range(len(list) - 1) if list[at] == flag]

def _asked_test_impl(ctx):
    """Which policies are asked, and that the check reads what they say."""
    env = analysistest.begin(ctx)
    actions = analysistest.target_actions(env)
    asked = [action for action in actions if action.mnemonic == "K8sPolicy"]
    sources = [source for action in asked for source in _follows(action.argv, "--src")]
    asserts.equals(env, ["rules/tests/k8s/%s.jsonnet" % name for name in ctx.attr.asked], sources)
    for action in asked:
        asserts.equals(env, ["object"], _follows(action.argv, "--tla-code-file"))
        context = json.decode(json.decode(_follows(action.argv, "--tla-code")[0])["context"])
        asserts.equals(env, {"environment": {
            "images": "built",
            "name": "far",
            "namespace": "alice",
            "personal": True,
            "protected": False,
        }}, context)
    outputs = [output.path for action in asked for output in action.outputs.to_list()]
    checks = [action for action in actions if action.mnemonic == "K8sCheck"]
    asserts.equals(env, 1, len(checks))
    read = [argument for argument in checks[0].argv if argument.startswith("--messages=")]
    asserts.equals(env, ["--messages=%s=%s" % pair for pair in zip(ctx.attr.asked, outputs)], read)

    # Rules of windlass are waived by the tool; it knows no others.
    asserts.equals(env, ctx.attr.waived, _follows(checks[0].argv, "--waive"))
    return analysistest.end(env)

asked_test = analysistest.make(
    _asked_test_impl,
    attrs = {"asked": attr.string_list(), "waived": attr.string_list()},
)

def _fails_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.text)
    return analysistest.end(env)

fails_test = analysistest.make(_fails_test_impl, attrs = {"text": attr.string()}, expect_failure = True)

def _bind(policies):
    return bind(
        cluster = "one",
        envs = {"far": {"images": "built", "namespace": "$USER"}},
        policies = policies,
        project = "shop",
        registry = "localhost:5000",
        setup = "//x:setup.apply",
        user = "alice",
    )

def own_policy_test_suite(name):
    """All tests of them.

    Args:
      name: the suite's name.
    """
    manual = {"tags": ["manual"]}
    k8s_policy(name = "owner", src = "owner.jsonnet")
    k8s_policy(name = "named", src = "named.jsonnet")
    k8s_policy(name = "latest", src = "named.jsonnet", **manual)
    one = _bind([":owner", ":named"])
    _bind([":owner", "//rules/tests/k8s/other:owner"]).k8s_object(
        name = "asked-twice",
        env = "far",
        kind = "ConfigMap",
        src = "owned.json",
        **manual
    )
    requests = {"requests": "nothing is run"}
    for target, waivers in {
        "asked-both": requests,
        "asked-one": requests | {"owner": "it is nobody's"},
        "asked-other": requests | {"ownr": "it is nobody's"},
    }.items():
        one.k8s_object(
            name = target,
            env = "far",
            kind = "ConfigMap",
            policy = {"waivers": waivers},
            src = "owned.json",
            tags = ["manual"] if target == "asked-other" else [],
        )
    both = name + "_both"
    asked_test(name = both, asked = ["owner", "named"], target_under_test = ":asked-both", waived = ["requests"])
    asked_test(name = name + "_one", asked = ["named"], target_under_test = ":asked-one", waived = ["requests"])
    for target, text in {
        "asked-other": "attribute waivers: got \"ownr\", want one of [\"deprecated\", \"digests\", \"latest\", \"privileged\", " +
                       "\"requests\", \"owner\", \"named\"]",
        "asked-twice": "k8s_object //rules/tests/k8s:asked-twice: attribute policies: got //rules/tests/k8s:owner and " +
                       "//rules/tests/k8s/other:owner; a waiver could not tell them apart, so give one another name",
        "latest": "k8s_policy //rules/tests/k8s:latest: attribute name: got that of a rule of windlass; give it another",
    }.items():
        fails_test(name = "%s_%s_fails" % (name, target), target_under_test = ":" + target, text = text)
