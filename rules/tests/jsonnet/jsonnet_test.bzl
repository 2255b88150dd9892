"""Tests of the rules that render Jsonnet: what they hand to the tool."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules:jsonnet.bzl", "RenderedInfo")
load("//rules/private:jsonnet_imports.bzl", "repository_root", "search_folders")

def _request_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    asserts.equals(env, ["deployment.json", "service.json"], sorted(target[RenderedInfo].files))
    path = target[RenderedInfo].files["service.json"].short_path
    asserts.equals(env, "rules/tests/jsonnet/server.rendered/service.json", path)
    actions = [action for action in analysistest.target_actions(env) if action.mnemonic == "Jsonnet"]
    asserts.equals(env, 1, len(actions))

    # The tool gets the file that the source knows by its bare name, and nothing of the environment.
    asserts.true(env, "service.json" in actions[0].argv, "argv: %s" % actions[0].argv)
    asserts.equals(env, {}, actions[0].env)
    return analysistest.end(env)

_request_test = analysistest.make(_request_test_impl)

def _flags_test_impl(ctx):
    env = analysistest.begin(ctx)
    actions = [action for action in analysistest.target_actions(env) if action.mnemonic == "Jsonnet"]
    asserts.equals(env, 1, len(actions))
    argv = actions[0].argv
    start = argv.index(ctx.attr.want[0])
    asserts.equals(env, ctx.attr.want, [_plain(argument) for argument in argv[start:]])
    asserts.equals(env, ctx.attr.is_json, RenderedInfo in analysistest.target_under_test(env))
    return analysistest.end(env)

def _plain(argument):
    """An argument without the folder of the configuration."""
    return argument.rpartition("/bin/")[2]

_flags_test = analysistest.make(
    _flags_test_impl,
    attrs = {
        "is_json": attr.bool(doc = "Whether other targets may read the outputs."),
        "want": attr.string_list(doc = "The last arguments.", mandatory = True),
    },
)

# target -> the arguments about its outputs
_FLAGS = {
    "folder": ["--out-dir", "rules/tests/jsonnet/folder"],
    "stream": ["--stream", "--out", "stream.json", "rules/tests/jsonnet/stream.json"],
    "text": [
        "--format=string",
        "--no-trailing-newline",
        "--out",
        "text.conf",
        "rules/tests/jsonnet/text.conf",
    ],
    "yaml": ["--format=yaml", "--out", "yaml.yaml", "rules/tests/jsonnet/yaml.yaml"],
    "yaml_stream": [
        "--format=yaml",
        "--stream",
        "--multiple",
        "--out",
        "deployments.yaml",
        "rules/tests/jsonnet/streams/deployments.yaml",
        "--out",
        "services.yaml",
        "rules/tests/jsonnet/streams/services.yaml",
    ],
}

# target -> its last arguments, and it is JSON
_JSON_FLAGS = {
    "server": [
        "--multiple",
        "--out",
        "deployment.json",
        "rules/tests/jsonnet/server.rendered/deployment.json",
        "--out",
        "service.json",
        "rules/tests/jsonnet/server.rendered/service.json",
    ],
}

def _search_folders_test_impl(ctx):
    env = unittest.begin(ctx)
    here = Label("//a/b:c")
    asserts.equals(env, ["."], search_folders(here, []))
    asserts.equals(env, [".", "a/y", "a/b/x", "a/b"], search_folders(here, [".", "x", "../y"]))

    # Two folders up is the root itself, three is outside.
    asserts.equals(env, [".", "."], search_folders(here, ["../.."]))
    asserts.equals(env, type(""), type(search_folders(here, ["../../.."])))

    other = struct(package = "p", repo_name = "other~")
    asserts.equals(env, "../other~", repository_root(other))
    asserts.equals(env, ["../other~", "../other~/p/x"], search_folders(other, ["x"]))
    return unittest.end(env)

_search_folders_test = unittest.make(_search_folders_test_impl)

def jsonnet_test_suite(name):
    """All tests of this file.

    Args:
      name: the suite's name.
    """
    tests = []
    for target, want in (_FLAGS | _JSON_FLAGS).items():
        test = "%s_%s_flags" % (name, target)
        _flags_test(name = test, is_json = target in _JSON_FLAGS, target_under_test = target, want = want)
        tests.append(test)
    _request_test(name = name + "_request", target_under_test = ":server")
    _search_folders_test(name = name + "_search_folders")
    native.test_suite(
        name = name,
        tests = tests + [name + "_request", name + "_search_folders"],
    )
