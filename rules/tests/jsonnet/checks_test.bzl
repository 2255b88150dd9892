"""Tests of the rules that check Jsonnet: deps, goldens, format and lint."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")

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
    # Without sources of its own nothing could be imported.
    "hands_on_deps": [],
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

def _own_program_impl(ctx):
    program = ctx.actions.declare_file(ctx.label.name)
    more = ctx.actions.declare_file(ctx.label.name + ".more")
    ctx.actions.write(program, "#!/bin/sh\n[ -e %s ] && %s\n" % (ctx.file.needs.short_path, ctx.attr.does), is_executable = True)
    ctx.actions.write(more, "")
    return [DefaultInfo(
        executable = program,
        files = depset([program, more]),
        runfiles = ctx.runfiles([ctx.file.needs]),
    )]

own_program = rule(
    implementation = _own_program_impl,
    doc = "A program of several files that reads one of its runfiles.",
    attrs = {
        "does": attr.string(doc = "What it does.", mandatory = True),
        "needs": attr.label(allow_single_file = True, doc = "What it does nothing without.", mandatory = True),
    },
    executable = True,
)

def checks_test_suite(name):
    """All tests of this file.

    Args:
      name: the suite's name.
    """
    tests = []
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
    native.test_suite(name = name, tests = tests)
