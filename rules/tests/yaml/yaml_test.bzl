"""Tests of the YAML rules: what they refuse, and what they hand to the tool."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:jsonnet.bzl", "RenderedInfo")
load("//rules:yaml.bzl", "yaml_to_json")

def manifest(name, object):
    """The final manifest of a k8s_object.

    Args:
      name: the target's name.
      object: the k8s_object.
    """
    native.filegroup(name = name, srcs = [object], output_group = "manifest")

def _fails_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.want)
    return analysistest.end(env)

_fails_test = analysistest.make(
    _fails_test_impl,
    attrs = {"want": attr.string(doc = "A part of the message.", mandatory = True)},
    expect_failure = True,
)

def _conversions(env):
    """The actions that convert: [(arguments after the tool, environment)]."""
    parameters = {
        output.path: action.content.splitlines()
        for action in analysistest.target_actions(env)
        for output in action.outputs.to_list()
        if output.path.endswith(".params")
    }
    found = []
    for action in analysistest.target_actions(env):
        if action.mnemonic == "YamlToJson":
            words = []
            for word in action.argv[1:]:
                words += parameters.get(word.removeprefix("@"), [word])
            found.append((words, action.env))
    return found

def _words(env, words):
    """Arguments without the folder of generated files."""
    root = analysistest.target_bin_dir_path(env)
    return [word.removeprefix(root + "/") for word in words]

def _convert_test_impl(ctx):
    env = analysistest.begin(ctx)
    conversions = _conversions(env)
    want = ["to-json", "--label", "//rules/tests/yaml:" + ctx.attr.label]
    got = [_words(env, words) for words, _ in conversions]
    asserts.equals(env, [want + conversion.split(" ") for conversion in ctx.attr.want], got)
    for _, environment in conversions:
        asserts.equals(env, {}, environment)
    return analysistest.end(env)

_convert_test = analysistest.make(
    _convert_test_impl,
    attrs = {
        "label": attr.string(doc = "The name of the target.", mandatory = True),
        "want": attr.string_list(doc = "Of each conversion, the arguments after `--label`."),
    },
)

def _rendered_test_impl(ctx):
    env = analysistest.begin(ctx)
    files = analysistest.target_under_test(env)[RenderedInfo].files
    asserts.equals(
        env,
        {name: "rules/tests/yaml/" + name for name in ctx.attr.want},
        {name: file.short_path for name, file in files.items()},
    )
    return analysistest.end(env)

_rendered_test = analysistest.make(
    _rendered_test_impl,
    attrs = {"want": attr.string_list(doc = "The outputs, by the names that importers know.")},
)

# Name of a target -> its conversions, as the tool is told.
_CONVERSIONS = {
    "both": [
        "--src rules/tests/yaml/crds.yaml --src-label //rules/tests/yaml:crds.yaml " +
        "--document rules/tests/yaml/both/1.json --document rules/tests/yaml/both/2.json " +
        "--list rules/tests/yaml/both/all.json",
    ],
    "job": [
        "--src rules/tests/yaml/job.yaml --src-label //rules/tests/yaml:job.yaml " +
        "--object rules/tests/yaml/job.src.json",
    ],
    "service": [
        "--src rules/tests/yaml/chart/north.yaml --src-label //rules/tests/yaml:chart " +
        "--object rules/tests/yaml/service.src.json",
    ],
    "settings": [
        "--src rules/tests/yaml/settings.yml --src-label //rules/tests/yaml:settings.yml " +
        "--object rules/tests/yaml/settings.src.json",
        "--src rules/tests/yaml/job.yaml --src-label //rules/tests/yaml:job.yaml " +
        "--object rules/tests/yaml/settings.sibling0.json",
    ],
    # JSON is taken as it is.
    "ships-crd": [],
}

def yaml_test_suite(name):
    """All tests of this file.

    Args:
      name: the suite's name.
    """
    yaml_to_json(
        name = "both",
        src = "crds.yaml",
        out = "both/all.json",
        outs = ["both/1.json", "both/2.json"],
        tags = ["manual"],
    )
    yaml_to_json(name = "no_outputs", src = "crds.yaml", tags = ["manual"])
    _fails_test(
        name = name + "_no_outputs",
        target_under_test = ":no_outputs",
        want = "yaml_to_json //rules/tests/yaml:no_outputs: attribute outs: got [], want a file name for each document; " +
               "or set out, for a list of all",
    )
    for target, want in _CONVERSIONS.items():
        _convert_test(
            name = "%s_%s" % (name, target),
            label = target,
            target_under_test = ":" + target,
            want = want,
        )
    _rendered_test(
        name = name + "_rendered",
        target_under_test = ":both",
        want = ["both/1.json", "both/2.json", "both/all.json"],
    )
    native.test_suite(
        name = name,
        tests = [name + "_no_outputs", name + "_rendered"] + ["%s_%s" % (name, target) for target in _CONVERSIONS],
    )
