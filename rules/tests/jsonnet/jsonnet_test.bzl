"""Tests of the Jsonnet rules: what they refuse, and what they hand to the tool."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules:jsonnet.bzl", "RenderedInfo", "jsonnet_library", "jsonnet_to_json", "jsonnet_to_json_test", "jsonnet_to_yaml")
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
        "jsonnet_to_json_test //rules/tests/jsonnet:jsonnet_test_test_error: attribute error: got 3, " +
        "want 1 where the source has to fail, else 0",
        {"error": 3},
    ),
    "test_regex": (
        "attribute regex: got True without golden; set golden, a file with a regular expression",
        {"regex": True},
    ),
    "test_stamp_keys": (
        "jsonnet_to_json_test //rules/tests/jsonnet:jsonnet_test_test_stamp_keys: attribute stamp_keys: got [\"a\"], " +
        "want none",
        {"stamp_keys": ["a"]},
    ),
}

# name -> (part of the message, attributes of jsonnet_to_yaml)
_YAML_REFUSED = {
    "yaml_envs": (
        "jsonnet_to_yaml //rules/tests/jsonnet:jsonnet_test_yaml_envs: attribute ext_str_envs: got [\"A\"], want none",
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

def _deps_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    actions = [action for action in analysistest.target_actions(env) if action.mnemonic == "JsonnetDeps"]
    validation = target[OutputGroupInfo]._validation.to_list()
    if not ctx.attr.want:
        asserts.equals(env, ([], []), (actions, validation))
        return analysistest.end(env)
    argv = actions[0].argv
    asserts.equals(env, ctx.attr.want, argv[argv.index("--src"):argv.index("--out")])

    # Those of deps follow it.
    asserts.equals(env, actions[0].outputs.to_list()[0], validation[0])
    return analysistest.end(env)

_deps_test = analysistest.make(
    _deps_test_impl,
    attrs = {"want": attr.string_list(doc = "The arguments about sources and deps; none where nothing is to be checked.")},
)

_HERE = "rules/tests/jsonnet"

# target -> how its deps are checked
_DEPS = {
    "imports": [
        "--src",
        _HERE + "/imports.jsonnet",
        "--dep",
        "//%s:relative" % _HERE,
        "--dep",
        "//%s:search" % _HERE,
        "--own=//{0}:relative\t{0}/relative/relative.libsonnet".format(_HERE),
        "--gives=//{0}:relative\t{0}/prefixed/sub/prefixed.libsonnet".format(_HERE),
        "--gives=//{0}:relative\t{0}/relative/relative.libsonnet".format(_HERE),
        "--own=//{0}:search\t{0}/search/found.libsonnet".format(_HERE),
        "--gives=//{0}:search\t{0}/search/found.libsonnet".format(_HERE),
    ],
    "kept_dep": [],
    "search": [],
}

def _golden_test_impl(ctx):
    env = analysistest.begin(ctx)
    actions = [action for action in analysistest.target_actions(env) if action.mnemonic == "FileWrite"]
    contents = [action.content for action in actions if action.content and action.content.startswith("{")]
    asserts.equals(env, 1, len(contents))
    asserts.equals(env, ctx.attr.want, json.encode(json.decode(contents[0])["task"]))

    # The launcher is the tool: there is no shell.
    links = [action for action in analysistest.target_actions(env) if action.mnemonic == "ExecutableSymlink"]
    asserts.equals(env, ["jsonnet_check"], [link.inputs.to_list()[0].basename for link in links])
    return analysistest.end(env)

_golden_test = analysistest.make(
    _golden_test_impl,
    attrs = {"want": attr.string(doc = "The request's task.", mandatory = True)},
)

def _task(name, task, golden, outcome = "value", output = "shown"):
    arguments = "%s/%s.arguments" % (_HERE, name)
    return json.encode({task: {"arguments": arguments, "golden": golden, "outcome": outcome, "output": output}})

def _of_golden(name, compare, update = None):
    return {"compare": compare, "path": "%s/golden/%s" % (_HERE, name), "update": update}

_UPDATE = "//%s:golden_test.update" % _HERE

# test -> what it asks the tool
_GOLDENS = {
    "fails_regex_test": _task("fails_regex_test", "test", _of_golden("fails.regex", "regex"), "error", "hidden"),
    "fails_test": _task("fails_test", "test", None, "error"),
    "golden_test": _task("golden_test", "test", _of_golden("golden.json", "value", _UPDATE)),
    "golden_test.update": _task("golden_test.update", "update", _of_golden("golden.json", "value", _UPDATE)),
    "stream_golden_test": _task(
        "stream_golden_test",
        "test",
        _of_golden("stream.json", "text", "//%s:stream_golden_test.update" % _HERE),
    ),
    "text_golden_test": _task(
        "text_golden_test",
        "test",
        _of_golden("text.conf", "text", "//%s:text_golden_test.update" % _HERE),
    ),
}

# test -> its files, the arguments about imports, and the program
_PROGRAMS = {
    "fmt_test": ["format", None, "jsonnetfmt"],
    "lint_test": ["lint", _HERE + "/lint_test.arguments", "jsonnet-lint"],
}

def _program_test_impl(ctx):
    env = analysistest.begin(ctx)
    task, imports, program = json.decode(ctx.attr.want)
    actions = [action for action in analysistest.target_actions(env) if action.mnemonic == "FileWrite"]
    contents = [action.content for action in actions if action.content and action.content.startswith("{")]
    asserts.equals(env, 1, len(contents))
    got = json.decode(contents[0])["task"][task]
    asserts.equals(env, imports, got["imports"])
    asserts.true(env, _HERE + "/imports.jsonnet" in got["files"], "files: %s" % got["files"])
    asserts.true(env, got["program"].endswith("/" + program), "program: %s" % got["program"])
    return analysistest.end(env)

_program_test = analysistest.make(
    _program_test_impl,
    attrs = {"want": attr.string(doc = "Task, imports and program of the request.", mandatory = True)},
)

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
    for case, (want, attributes) in _TEST_REFUSED.items():
        tests.append(_refused(case, name, jsonnet_to_json_test, want, {"src": "ext.jsonnet"} | attributes))
    for case, (want, attributes) in _YAML_REFUSED.items():
        tests.append(_refused(case, name, jsonnet_to_yaml, want, {"src": "ext.jsonnet"} | attributes))
    for target, want in _DEPS.items():
        test = "%s_%s_deps" % (name, target)
        _deps_test(name = test, target_under_test = target, want = want)
        tests.append(test)
    for target, want in _PROGRAMS.items():
        test = "%s_%s_request" % (name, target)
        _program_test(name = test, target_under_test = target, want = json.encode(want))
        tests.append(test)
    for target, want in _GOLDENS.items():
        test = "%s_%s_request" % (name, target)
        _golden_test(name = test, target_under_test = target, want = want)
        tests.append(test)
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
