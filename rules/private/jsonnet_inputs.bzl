"""What a Jsonnet source is given: attributes and arguments that the rules which evaluate one share."""

load("//rules/private/providers:rendered_info.bzl", "RenderedInfo")
load(":jsonnet_imports.bzl", "IMPORT_ATTRS", "JSONNET_FILES", "add_imports", "collect_imports")
load(":jsonnet_refused.bzl", "REFUSED_ATTRS", "check_refused")
load(":labels.bzl", "label_text")

INPUT_ATTRS = IMPORT_ATTRS | REFUSED_ATTRS | {
    "ext_code": attr.string_dict(
        doc = "External variables, read by `std.extVar`: name -> Jsonnet code, or `$(NAME)` for a Make variable.",
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
        doc = "External variables, read by `std.extVar`: name -> string, or `$(NAME)` for a Make variable.",
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
        doc = "Top-level arguments: name -> Jsonnet code, or `$(NAME)` for a Make variable.",
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
        doc = "Top-level arguments: name -> string, or `$(NAME)` for a Make variable.",
    ),
}

def failer(ctx, rule_name):
    """The function by which a rule says what is wrong with an attribute.

    Args:
      ctx: the rule's context.
      rule_name: the rule's name.

    Returns:
      a function(attribute, text) that fails.
    """

    def refuse(attribute, text):
        fail("%s %s: attribute %s: %s" % (rule_name, label_text(ctx.label), attribute, text))

    return refuse

def _once(refuse, kind, names):
    """Fails where two attributes give a value for the same name."""
    seen = {}
    for attribute, name in names:
        if name in seen:
            refuse(attribute, "got %s %r, which %s gives already; give it once" % (kind, name, seen[name]))
        seen[name] = attribute

def _check_names(attr, refuse):
    _once(
        refuse,
        "variable",
        [("ext_strs", name) for name in attr.ext_strs] +
        [("ext_code", name) for name in attr.ext_code] +
        [("ext_str_file_vars", name) for name in attr.ext_str_file_vars] +
        [("ext_code_file_vars", name) for name in attr.ext_code_file_vars] +
        [("rendered", name) for name in attr.rendered.values()],
    )
    _once(
        refuse,
        "argument",
        [("tla_strs", name) for name in attr.tla_strs] +
        [("tla_code", name) for name in attr.tla_code] +
        [("tla_str_files", name) for name in attr.tla_str_files.values()] +
        [("tla_code_files", name) for name in attr.tla_code_files.values()] +
        ([("params", "params")] if attr.params else []),
    )

def _zip(refuse, attribute, names, files):
    """[(name, File)] of an ext_*_files attribute and its ext_*_file_vars."""
    if len(names) != len(files):
        refuse(attribute, "got %d names for %d files; give one name for each file" % (len(names), len(files)))
    return zip(names, files)

def _single(refuse, attribute, targets):
    """[(name, File)] of a tla_*_files attribute."""
    result = []
    for target, name in targets.items():
        files = target[DefaultInfo].files.to_list()  # of one direct target, and it has to be one
        if len(files) != 1:
            refuse(attribute, "got %d files from %s, want one; name the file itself" % (len(files), label_text(target.label)))
        result.append((name, files[0]))
    return result

def _params(ctx, refuse):
    """The text of `params` on one line."""
    params = json.decode(ctx.attr.params, default = None)
    if type(params) != type({}):
        refuse("params", "got %r, want a JSON object; use json.encode({...})" % ctx.attr.params)
    return json.encode(params)

def _made(ctx, refuse, attribute):
    """The values of an attribute; one that is a Make variable as a whole is replaced, as in rules_jsonnet."""
    values = {}
    for name, value in getattr(ctx.attr, attribute).items():
        if value.startswith("$(") and value.endswith(")"):
            variable = value[2:-1]
            if variable not in ctx.var:
                refuse(attribute, "got %r for %r, want a Make variable that there is; build with --define=%s=..." % (value, name, variable))
            value = ctx.var[variable]
        values[name] = value
    return values

def add_inputs(ctx, rule_name, args, where):
    """Adds all that a source is given to the arguments of the tool.

    Args:
      ctx: the context of a rule that has INPUT_ATTRS.
      rule_name: the rule's name, for messages.
      args: Args, one argument a line: what may hold line ends goes as JSON.
      where: IN_ACTION or IN_RUNFILES.

    Returns:
      struct(files: depset of all Files that are read, imports: what can be imported, roots: list of Files
      with code that are read without an import, code: dict of code that is in attributes).
    """
    attr = ctx.attr
    refuse = failer(ctx, rule_name)
    check_refused(ctx, rule_name)
    _check_names(attr, refuse)
    files = {
        "--ext-code-file": _zip(refuse, "ext_code_file_vars", attr.ext_code_file_vars, ctx.files.ext_code_files),
        "--ext-str-file": _zip(refuse, "ext_str_file_vars", attr.ext_str_file_vars, ctx.files.ext_str_files),
        "--tla-code-file": _single(refuse, "tla_code_files", attr.tla_code_files),
        "--tla-str-file": _single(refuse, "tla_str_files", attr.tla_str_files),
    }
    own = [file for pairs in files.values() for _, file in pairs]
    imports = collect_imports(ctx, rule_name, [ctx.file.src] + own, [])

    args.add("--label", label_text(ctx.label))
    args.add("--src", ctx.file.src.short_path)
    add_imports(args, imports, where)
    values = {name: _made(ctx, refuse, name) for name in ["ext_strs", "ext_code", "tla_strs", "tla_code"]}
    for name, value in values.items():
        if value:
            args.add("--" + name.replace("_", "-"), json.encode(value))
    for flag, pairs in files.items():
        for name, file in pairs:
            args.add_all([flag, name, file.short_path])
    rendered = []
    for target, variable in attr.rendered.items():
        for name, file in target[RenderedInfo].files.items():
            args.add_all(["--ext-rendered", variable, name.removesuffix(".json"), where.path(file)])
            rendered.append(file)
    if attr.params:
        args.add("--params", _params(ctx, refuse))
    return struct(
        code = values["ext_code"].values() + values["tla_code"].values(),
        files = depset(rendered, transitive = [imports.sources]),
        imports = imports,
        roots = [ctx.file.src] + [file for flag, pairs in files.items() if "code" in flag for _, file in pairs],
    )
