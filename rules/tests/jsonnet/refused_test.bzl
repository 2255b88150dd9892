"""Tests of what the Jsonnet rules refuse."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:jsonnet.bzl", "jsonnet_library", "jsonnet_to_json", "jsonnet_to_json_test", "jsonnet_to_yaml")

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
        "jsonnet_to_json //rules/tests/jsonnet:refused_test_ext_name_twice: attribute ext_code: " +
        "got variable \"a\", which ext_strs gives already; give it once",
        {"ext_code": {"a": "1"}, "ext_strs": {"a": "1"}},
    ),
    "ext_make_variable": (
        "attribute ext_strs: got \"$(HARBOUR)\" for \"harbour\", want a Make variable that there is; " +
        "build with --define=HARBOUR=...",
        {"ext_strs": {"harbour": "$(HARBOUR)"}},
    ),
    "ext_rendered_twice": (
        "attribute rendered: got variable \"a\", which ext_strs gives already; give it once",
        {"ext_strs": {"a": "1"}, "rendered": {":server": "a"}},
    ),
    "ext_str_envs": (
        "attribute ext_str_envs: got [\"A\"], want none: what is built would depend on who builds; " +
        "write ext_strs = {\"NAME\": \"$(NAME)\"} and build with --define=NAME=...",
        {"ext_str_envs": ["A"]},
    ),
    "ext_str_file_vars": (
        "attribute ext_str_file_vars: got 1 names for 2 files; give one name for each file",
        {"ext_str_file_vars": ["a"], "ext_str_files": ["text.txt", "data.json"]},
    ),
    "code_vars": (
        "attribute code_vars: got {\"a\": \"1\"}, want none: it has another name; write ext_code",
        {"code_vars": {"a": "1"}},
    ),
    "ext_code_envs": (
        "attribute ext_code_envs: got [\"A\"], want none: what is built would depend on who builds; " +
        "write ext_code = {\"NAME\": \"$(NAME)\"} and build with --define=NAME=...",
        {"ext_code_envs": ["A"]},
    ),
    "ext_code_file_vars": (
        "attribute ext_code_file_vars: got 1 names for 0 files; give one name for each file",
        {"ext_code_file_vars": ["a"]},
    ),
    "extra_args_attribute": (
        "attribute extra_args: got \"--ext-str=a=b\", want the attribute ext_strs",
        {"extra_args": ["--string", "--ext-str=a=b"]},
    ),
    "extra_args_short": (
        "attribute extra_args: got \"-J vendor\", want the attribute imports",
        {"extra_args": ["-J vendor"]},
    ),
    "extra_args_useless": (
        "attribute extra_args: got \"--gc-min-objects\", want one of --no-trailing-newline, --string, -S; " +
        "others of jsonnet change nothing in the output, so leave them out",
        {"extra_args": ["--gc-min-objects"]},
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
        "attribute outs: got [], want the names of the files to render; or set out_dir, for a folder of files " +
        "that the source names",
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
    "rendered_text": (
        "does not have mandatory providers",
        {"rendered": {":text": "a"}},
    ),
    "stamp_keys": (
        "attribute stamp_keys: got [\"a\"], want none: a stamp makes another file of the same sources each time; " +
        "write the value, or \"$(NAME)\" and build with --define=NAME=...",
        {"ext_strs": {"a": "{STABLE_A}"}, "stamp_keys": ["a"]},
    ),
    "tla_code_envs": (
        "attribute tla_code_envs: got [\"A\"], want none: what is built would depend on who builds; " +
        "write tla_code = {\"NAME\": \"$(NAME)\"} and build with --define=NAME=...",
        {"tla_code_envs": ["A"]},
    ),
    "tla_files": (
        "attribute tla_str_files: got 2 files from //rules/tests/jsonnet:server, want one; name the file itself",
        {"tla_str_files": {":server": "a"}},
    ),
    "tla_name_twice": (
        "attribute params: got argument \"params\", which tla_code gives already; give it once",
        {"params": "{}", "tla_code": {"params": "1"}},
    ),
    "tla_str_envs": (
        "attribute tla_str_envs: got [\"A\"], want none: what is built would depend on who builds; " +
        "write tla_strs = {\"NAME\": \"$(NAME)\"} and build with --define=NAME=...",
        {"tla_str_envs": ["A"]},
    ),
    "vars": (
        "attribute vars: got {\"a\": \"1\"}, want none: it has another name; write ext_strs",
        {"vars": {"a": "1"}},
    ),
}

# name -> (part of the message, attributes of jsonnet_to_json_test)
_TEST_REFUSED = {
    "test_error": (
        "jsonnet_to_json_test //rules/tests/jsonnet:refused_test_test_error: attribute error: got 3, " +
        "want 1 where the source has to fail, else 0",
        {"error": 3},
    ),
    "test_regex": (
        "attribute regex: got True without golden; set golden, a file with a regular expression",
        {"regex": True},
    ),
    "test_stamp_keys": (
        "jsonnet_to_json_test //rules/tests/jsonnet:refused_test_test_stamp_keys: attribute stamp_keys: got [\"a\"], " +
        "want none",
        {"stamp_keys": ["a"]},
    ),
}

# name -> (part of the message, attributes of jsonnet_to_yaml)
_YAML_REFUSED = {
    "yaml_envs": (
        "jsonnet_to_yaml //rules/tests/jsonnet:refused_test_yaml_envs: attribute ext_str_envs: got [\"A\"], want none",
        {"ext_str_envs": ["A"], "outs": ["yaml_envs.yaml"]},
    ),
}

# name -> (part of the message, attributes of jsonnet_library)
_LIBRARY_REFUSED = {
    "keep_deps_other": (
        "attribute keep_deps: got \"why\" for //rules/tests/jsonnet:search, want an entry of deps, and the reason " +
        "why it stays",
        {"keep_deps": {":search": "why"}},
    ),
    "keep_deps_reason": (
        "attribute keep_deps: got \" \" for //rules/tests/jsonnet:search, want an entry of deps, and the reason why it stays",
        {"deps": [":search"], "keep_deps": {":search": " "}},
    ),
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

def refused_test_suite(name):
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
    for case, (want, attributes) in _TEST_REFUSED.items():
        tests.append(_refused(case, name, jsonnet_to_json_test, want, {"src": "ext.jsonnet"} | attributes))
    for case, (want, attributes) in _YAML_REFUSED.items():
        tests.append(_refused(case, name, jsonnet_to_yaml, want, {"src": "ext.jsonnet"} | attributes))
    native.test_suite(name = name, tests = tests)
