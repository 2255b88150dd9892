"""The jsonnet_to_json_test rule: what a Jsonnet source gives, beside a golden."""

load("//tools/lib/runfiles:launcher.bzl", "declare_request", "launcher")
load(":jsonnet_deps.bzl", "check_deps")
load(":jsonnet_imports.bzl", "IN_RUNFILES", "new_args")
load(":jsonnet_inputs.bzl", "INPUT_ATTRS", "add_inputs", "failer")
load(":jsonnet_refused.bzl", "extra_flags")
load(":labels.bzl", "label_text")

_RULE = "jsonnet_to_json_test"

# The version of the request's schema: the tool refuses another.
_VERSION = 1

def _compare(ctx, is_json):
    """How the golden is compared."""
    if ctx.attr.regex:
        return "regex"
    if ctx.attr.canonicalize_golden and is_json and not ctx.attr.yaml_stream and not ctx.attr.error:
        return "value"
    return "text"

def _golden(ctx, is_json, test):
    """What the request says of the golden; None if there is none."""
    golden = ctx.file.golden
    if not golden:
        return None
    written = golden.is_source and not ctx.attr.regex
    return struct(
        compare = _compare(ctx, is_json),
        path = golden.short_path,
        update = "%s.update" % test if written else None,
    )

def _launch(ctx, task, test):
    """A link to the tool, its request beside it, and what both read."""
    refuse = failer(ctx, _RULE)
    if ctx.attr.error not in [0, 1]:
        refuse("error", "got %d, want 1 where the source has to fail, else 0" % ctx.attr.error)
    if ctx.attr.regex and not ctx.file.golden:
        refuse("regex", "got True without golden; set golden, a file with a regular expression")
    extra = extra_flags(ctx, _RULE)
    args = new_args(ctx)
    inputs = add_inputs(ctx, _RULE, args, IN_RUNFILES)
    args.add_all(extra.flags)
    if ctx.attr.yaml_stream:
        args.add("--stream")
    args.add_all(["--out", "-", "-"])
    arguments = ctx.actions.declare_file(ctx.label.name + ".arguments")
    ctx.actions.write(arguments, args)
    rendering = struct(
        arguments = arguments.short_path,
        golden = _golden(ctx, extra.is_json, test),
        outcome = "error" if ctx.attr.error else "value",
        output = "shown" if ctx.attr.output_file_contents else "hidden",
    )
    request = declare_request(ctx, struct(
        version = _VERSION,
        label = test,
        task = {task: rendering},
    ))
    own = [arguments] + ([ctx.file.golden] if ctx.file.golden else [])
    runfiles = ctx.runfiles(files = own, transitive_files = inputs.files)
    return [
        launcher(ctx, ctx.attr._check, request, runfiles),
        OutputGroupInfo(_validation = check_deps(ctx, inputs.imports, inputs.roots, inputs.code)),
    ]

def _test_impl(ctx):
    return _launch(ctx, "test", _test_label(ctx.label, ctx.label.name))

def _update_impl(ctx):
    if not ctx.file.golden.is_source:
        failer(ctx, _RULE)("golden", "got %s, want a file of the sources: a rule writes this one" % label_text(ctx.attr.golden.label))
    return _launch(ctx, "update", _test_label(ctx.label, ctx.label.name.removesuffix(".update")))

def _test_label(label, name):
    """The test's label with its name spelled out, so that `.update` can follow."""
    return label_text(label).partition(":")[0] + ":" + name

_ATTRS = INPUT_ATTRS | {
    "canonicalize_golden": attr.bool(
        default = True,
        doc = "The golden is compared as a value: its order of fields, white space and comments do not count. Never where " +
              "an error, a text, a YAML stream or a regular expression is expected.",
    ),
    "error": attr.int(
        doc = "1 where the source has to fail: the golden then is what `bazel build` says of it. Otherwise 0.",
    ),
    "extra_args": attr.string_list(
        doc = "Flags of the `jsonnet` command: `--string` (or `-S`) for a text instead of JSON, `--no-trailing-newline`.",
    ),
    "golden": attr.label(
        allow_single_file = True,
        doc = "What the source has to give; without, only whether it fails counts. Line ends at the end do not.",
    ),
    "output_file_contents": attr.bool(
        default = True,
        doc = "Whether a failing test may show all of the output where there is no difference to show.",
    ),
    "regex": attr.bool(
        doc = "The golden is a regular expression, which has to match a part of the output, in any case of letters.",
    ),
    "yaml_stream": attr.bool(
        doc = "The source gives an array, and its elements are the documents of the output.",
    ),
}

golden_test = rule(
    implementation = _test_impl,
    doc = "Renders a Jsonnet source and compares it with a golden; see the macro `jsonnet_to_json_test`.",
    attrs = _ATTRS,
    test = True,
)

golden_update = rule(
    implementation = _update_impl,
    doc = "Writes what a Jsonnet source gives into the golden.",
    attrs = _ATTRS,
    executable = True,
)

# Attributes of tests alone.
_OF_TESTS = ["args", "env", "env_inherit", "flaky", "local", "shard_count", "size", "tags", "timeout"]

def jsonnet_to_json_test(name, golden = None, regex = False, tags = [], **kwargs):
    """A test of what a Jsonnet source gives, or of the error that it ends with.

    It renders when it runs, and shows in what the golden differs. With a golden that is no regular expression
    there is `<name>.update` as well, which writes it: `bazel run //config:server_test.update`.

    Args:
      name: the test's name.
      golden: a file with what is expected.
      regex: whether that is a regular expression.
      tags: of the test.
      **kwargs: `src`, `deps`, `data`, `imports`, `ext_*`, `tla_*`, `params`, `rendered`, `yaml_stream`,
        `extra_args`, `error`, `canonicalize_golden`, `output_file_contents`, and what all tests have.
    """
    golden_test(name = name, golden = golden, regex = regex, tags = tags, **kwargs)
    if golden and not regex:
        golden_update(
            name = name + ".update",
            testonly = True,
            golden = golden,
            tags = ["manual"],
            **{key: value for key, value in kwargs.items() if key not in _OF_TESTS + ["testonly"]}
        )
