"""Tests of what pushes the images of a service. The service is that of pin_test.bzl."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")

def _push_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    requests = [
        json.decode(action.content)
        for action in analysistest.target_actions(env)
        for output in action.outputs.to_list()
        if output.basename == target.label.name + ".json"
    ]
    asserts.equals(env, 1, len(requests))
    got = {key: requests[0][key] for key in ["insecure", "label", "repository", "tags"]}
    asserts.equals(env, json.decode(ctx.attr.want), got)
    return analysistest.end(env)

push_test = analysistest.make(_push_test_impl, attrs = {"want": attr.string()})

def push_test_suite(name):
    """All tests of what pushes.

    Args:
      name: the suite's name.
    """

    # Whichever environments there are: the registry is that of the constants.
    for key in ["front", "proxy"]:
        push_test(
            name = "%s_%s" % (name, key),
            target_under_test = ":%s.push" % key,
            want = json.encode({
                "insecure": False,
                "label": "//rules/tests/pin:%s-image" % key,
                "repository": "localhost:5000/shop/" + key,
                "tags": [],
            }),
        )
