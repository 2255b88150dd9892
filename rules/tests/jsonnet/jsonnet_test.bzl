"""Tests of the Jsonnet rules: what they refuse, and what they hand to the tool."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules:jsonnet.bzl", "RenderedInfo", "jsonnet_library", "jsonnet_to_json")
load("//rules/private:jsonnet_imports.bzl", "repository_root", "search_folders")

def _fails_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.want)
    return analysistest.end(env)

_fails_test = analysistest.make(
    _fails_test_impl,
    attrs = {"want": attr.string(doc = "A part of the message.", mandatory = True)},
    expect_failure = True,
)

# name -> (part of the message, attributes of jsonnet_to_json)
_REFUSED = {
    "ext_name_twice": (
        "jsonnet_to_json //rules/tests/jsonnet:jsonnet_test_ext_name_twice: attribute ext_code: " +
        "got variable \"a\", which ext_strs gives already; give it once",
        {"ext_code": {"a": "1"}, "ext_strs": {"a": "1"}},
    ),
    "ext_rendered_twice": (
        "attribute rendered: got variable \"a\", which ext_strs gives already; give it once",
        {"ext_strs": {"a": "1"}, "rendered": {":server": "a"}},
    ),
    "ext_str_file_vars": (
        "attribute ext_str_file_vars: got 1 names for 2 files; give one name for each file",
        {"ext_str_file_vars": ["a"], "ext_str_files": ["text.txt", "data.json"]},
    ),
    "ext_code_file_vars": (
        "attribute ext_code_file_vars: got 1 names for 0 files; give one name for each file",
        {"ext_code_file_vars": ["a"]},
    ),
    "imports_absolute": (
        "attribute imports: got \"/etc\", want a folder of this repository; name it relative to the package",
        {"imports": ["/etc"]},
    ),
    "imports_outside": (
        "attribute imports: got \"../../../..\", want a folder of this repository; name it relative to the package",
        {"imports": ["../../../.."]},
    ),
    "no_outs": (
        "attribute outs: got [], want the names of the files to render",
        {"outs": []},
    ),
    "params_list": (
        "attribute params: got \"[1]\", want a JSON object; use json.encode({...})",
        {"params": "[1]"},
    ),
    "params_not_json": (
        "attribute params: got \"{'a': 1}\", want a JSON object; use json.encode({...})",
        {"params": "{'a': 1}"},
    ),
    "tla_files": (
        "attribute tla_str_files: got 2 files from //rules/tests/jsonnet:server, want one; name the file itself",
        {"tla_str_files": {":server": "a"}},
    ),
    "tla_name_twice": (
        "attribute params: got argument \"params\", which tla_code gives already; give it once",
        {"params": "{}", "tla_code": {"params": "1"}},
    ),
}

# name -> (part of the message, attributes of jsonnet_library)
_LIBRARY_REFUSED = {
    "prefix_absolute": (
        "attribute import_prefix: got \"/windlass\", want a relative path such as \"windlass\"",
        {"import_prefix": "/windlass"},
    ),
    "prefix_outside": (
        "attribute import_prefix: got \"../windlass\", want a relative path such as \"windlass\"",
        {"import_prefix": "../windlass"},
    ),
    "prefix_srcs": (
        "attribute srcs: got rules/tests/jsonnet/prefixed/sub/prefixed.libsonnet, want files of this package; " +
        "with import_prefix, make a library where the file is",
        {"import_prefix": "example", "srcs": ["//rules/tests/jsonnet/prefixed:sub/prefixed.libsonnet"]},
    ),
}

def _refused(name, suite, rule, want, attributes):
    target = "%s_%s" % (suite, name)
    rule(name = target, tags = ["manual"], **attributes)
    _fails_test(name = target + "_test", target_under_test = target, want = want)
    return target + "_test"

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

def _search_folders_test_impl(ctx):
    env = unittest.begin(ctx)
    here = Label("//a/b:c")
    asserts.equals(env, ["."], search_folders(here, []))
    asserts.equals(env, [".", "a/b", "a/b/x", "a/y"], search_folders(here, [".", "x", "../y"]))

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
    for case, (want, attributes) in _REFUSED.items():
        attributes = {"outs": ["%s_%s.json" % (name, case)], "src": "ext.jsonnet"} | attributes
        tests.append(_refused(case, name, jsonnet_to_json, want, attributes))
    for case, (want, attributes) in _LIBRARY_REFUSED.items():
        tests.append(_refused(case, name, jsonnet_library, want, attributes))
    _request_test(name = name + "_request", target_under_test = ":server")
    _search_folders_test(name = name + "_search_folders")
    native.test_suite(
        name = name,
        tests = tests + [name + "_request", name + "_search_folders"],
    )
