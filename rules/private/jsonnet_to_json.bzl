"""The jsonnet_to_json rule: one Jsonnet source, rendered to the declared JSON files."""

load("//rules/private/providers:rendered_info.bzl", "RenderedInfo")
load(":jsonnet_imports.bzl", "IMPORT_ATTRS", "JSONNET_FILES", "collect_imports")
load(":labels.bzl", "label_text")

def _fail(ctx, attribute, text):
    fail("jsonnet_to_json %s: attribute %s: %s" % (label_text(ctx.label), attribute, text))

def _once(ctx, kind, names):
    """Fails where two attributes give a value for the same name."""
    seen = {}
    for attribute, name in names:
        if name in seen:
            _fail(ctx, attribute, "got %s %r, which %s gives already; give it once" % (kind, name, seen[name]))
        seen[name] = attribute

def _check_names(ctx):
    attr = ctx.attr
    _once(
        ctx,
        "variable",
        [("ext_strs", name) for name in attr.ext_strs] +
        [("ext_code", name) for name in attr.ext_code] +
        [("ext_str_file_vars", name) for name in attr.ext_str_file_vars] +
        [("ext_code_file_vars", name) for name in attr.ext_code_file_vars] +
        [("rendered", name) for name in attr.rendered.values()],
    )
    _once(
        ctx,
        "argument",
        [("tla_strs", name) for name in attr.tla_strs] +
        [("tla_code", name) for name in attr.tla_code] +
        [("tla_str_files", name) for name in attr.tla_str_files.values()] +
        [("tla_code_files", name) for name in attr.tla_code_files.values()] +
        ([("params", "params")] if attr.params else []),
    )

def _zip(ctx, attribute, names, files):
    """[(name, File)] of an ext_*_files attribute and its ext_*_file_vars."""
    if len(names) != len(files):
        _fail(ctx, attribute, "got %d names for %d files; give one name for each file" % (len(names), len(files)))
    return zip(names, files)

def _single(ctx, attribute, targets):
    """[(name, File)] of a tla_*_files attribute."""
    result = []
    for target, name in targets.items():
        files = target[DefaultInfo].files.to_list()  # of one direct target, and it has to be one
        if len(files) != 1:
            _fail(ctx, attribute, "got %d files from %s, want one; name the file itself" % (len(files), label_text(target.label)))
        result.append((name, files[0]))
    return result

def _params(ctx):
    """The text of `params` on one line."""
    params = json.decode(ctx.attr.params, default = None)
    if type(params) != type({}):
        _fail(ctx, "params", "got %r, want a JSON object; use json.encode({...})" % ctx.attr.params)
    return json.encode(params)

def _outputs(ctx):
    """dict of the name that the source knows an output by -> File."""
    prefix = ctx.attr.out_dir + "/" if ctx.attr.out_dir else ""
    if not ctx.attr.outs:
        _fail(ctx, "outs", "got [], want the names of the files to render")
    return {
        label.name.removeprefix(prefix): file
        for label, file in zip(ctx.attr.outs, ctx.outputs.outs)
    }

def _file(file):
    return ["--file", file.short_path, file.path]

def _import_name(name):
    return ["--import-name", name.name, name.file.short_path]

def _add_names(args, flag, names):
    if names:
        args.add(flag, json.encode(names))

def _add_files(args, flag, files):
    for name, file in files:
        args.add_all([flag, name, file.short_path])

def _jsonnet_to_json_impl(ctx):
    attr = ctx.attr
    _check_names(ctx)
    outputs = _outputs(ctx)
    files = {
        "--ext-code-file": _zip(ctx, "ext_code_file_vars", attr.ext_code_file_vars, ctx.files.ext_code_files),
        "--ext-str-file": _zip(ctx, "ext_str_file_vars", attr.ext_str_file_vars, ctx.files.ext_str_files),
        "--tla-code-file": _single(ctx, "tla_code_files", attr.tla_code_files),
        "--tla-str-file": _single(ctx, "tla_str_files", attr.tla_str_files),
    }
    own = [file for pairs in files.values() for _, file in pairs]
    imports = collect_imports(ctx, "jsonnet_to_json", [ctx.file.src] + own, [])

    # One argument a line, also for a persistent worker: what may hold line ends goes as JSON.
    args = ctx.actions.args()
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    args.add("--label", label_text(ctx.label))
    args.add("--src", ctx.file.src.short_path)
    args.add_all(imports.sources, map_each = _file)
    args.add_all(imports.names, map_each = _import_name)
    args.add_all(imports.search, before_each = "--search")
    _add_names(args, "--ext-strs", attr.ext_strs)
    _add_names(args, "--ext-code", attr.ext_code)
    _add_names(args, "--tla-strs", attr.tla_strs)
    _add_names(args, "--tla-code", attr.tla_code)
    for flag, pairs in files.items():
        _add_files(args, flag, pairs)
    rendered = []
    for target, variable in attr.rendered.items():
        for name, file in target[RenderedInfo].files.items():
            args.add_all(["--ext-rendered", variable, name.removesuffix(".json"), file])
            rendered.append(file)
    if attr.params:
        args.add("--params", _params(ctx))
    if attr.multiple_outputs or len(outputs) > 1:
        args.add("--multiple")
    for name, file in outputs.items():
        args.add_all(["--out", name, file])

    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = depset(rendered, transitive = [imports.sources]),
        outputs = outputs.values(),
        mnemonic = "Jsonnet",
        progress_message = "Rendering %{label}",
    )
    return [
        DefaultInfo(files = depset(outputs.values())),
        RenderedInfo(files = outputs),
    ]

_jsonnet_to_json = rule(
    implementation = _jsonnet_to_json_impl,
    doc = "Renders one Jsonnet source to JSON files; see the macro `jsonnet_to_json`.",
    attrs = IMPORT_ATTRS | {
        "ext_code": attr.string_dict(
            doc = "External variables, read by `std.extVar`: name -> Jsonnet code.",
        ),
        "ext_code_file_vars": attr.string_list(
            doc = "The names of the external variables whose code is in `ext_code_files`, in that order.",
        ),
        "ext_code_files": attr.label_list(
            allow_files = True,
            doc = "Jsonnet or JSON files whose values are external variables.",
        ),
        "ext_str_file_vars": attr.string_list(
            doc = "The names of the external variables whose text is in `ext_str_files`, in that order.",
        ),
        "ext_str_files": attr.label_list(
            allow_files = True,
            doc = "Files whose texts are external variables.",
        ),
        "ext_strs": attr.string_dict(
            doc = "External variables, read by `std.extVar`: name -> string.",
        ),
        "multiple_outputs": attr.bool(
            doc = "The source gives an object {file name: content}, also where `outs` has one file only.",
        ),
        "out_dir": attr.string(
            doc = "The folder of all `outs`, which the source does not know of.",
        ),
        "outs": attr.output_list(
            doc = "The files to render, `out_dir` included. Of several, each is a field of the object that " +
                  "the source gives, and there are no other fields.",
            mandatory = True,
        ),
        "params": attr.string(
            doc = "A JSON object, from json.encode({...}): the argument `params` of the source's function.",
        ),
        "rendered": attr.label_keyed_string_dict(
            doc = "Other jsonnet_to_json targets -> the external variable with their values: an object " +
                  "{file name without .json: content}.",
            providers = [RenderedInfo],
        ),
        "src": attr.label(
            allow_single_file = JSONNET_FILES,
            doc = "The source: a value, or a function of top-level arguments that gives it.",
            mandatory = True,
        ),
        "tla_code": attr.string_dict(
            doc = "Top-level arguments: name -> Jsonnet code.",
        ),
        "tla_code_files": attr.label_keyed_string_dict(
            allow_files = True,
            doc = "Jsonnet or JSON files -> the top-level argument with their value.",
        ),
        "tla_str_files": attr.label_keyed_string_dict(
            allow_files = True,
            doc = "Files -> the top-level argument with their text.",
        ),
        "tla_strs": attr.string_dict(
            doc = "Top-level arguments: name -> string.",
        ),
        "_tool": attr.label(
            cfg = "exec",
            default = "//tools/jsonnet",
            executable = True,
        ),
    },
)

def jsonnet_to_json(name, outs, out_dir = "", **kwargs):
    """Renders one Jsonnet source to JSON files.

    Makes `name`, and a target for each file: `:<out_dir>/<file>`, so that other rules can name it.
    `outs` without `out_dir` work as in rules_jsonnet; `out_dir` keeps two renderings of one source
    apart, and is not a directory artifact here.

    Args:
      name: the target's name.
      outs: the files to render. Of several, or with `multiple_outputs = True`, each is a field of
        the object that the source gives.
      out_dir: a folder of this package to put them in.
      **kwargs: `src`, `deps`, `data`, `imports`, `ext_*`, `tla_*`, `params`, `rendered`,
        `multiple_outputs`, and what every rule has.
    """
    _jsonnet_to_json(
        name = name,
        out_dir = out_dir,
        outs = ["%s/%s" % (out_dir, out) if out_dir else out for out in outs],
        **kwargs
    )
