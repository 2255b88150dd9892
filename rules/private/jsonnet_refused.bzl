"""Attributes of rules_jsonnet that its users may bring along, and that the rules here refuse by name."""

load(":labels.bzl", "label_text")

_ENVIRONMENT = "what is built would depend on who builds; write %s = {\"NAME\": \"$(NAME)\"} and build with --define=NAME=..."

# attribute -> why it is refused, and what to write instead
_REASONS = {
    "code_vars": "it has another name; write ext_code",
    "ext_code_envs": _ENVIRONMENT % "ext_code",
    "ext_str_envs": _ENVIRONMENT % "ext_strs",
    "stamp_keys": "a stamp makes another file of the same sources each time; write the value, or \"$(NAME)\" " +
                  "and build with --define=NAME=...",
    "tla_code_envs": _ENVIRONMENT % "tla_code",
    "tla_str_envs": _ENVIRONMENT % "tla_strs",
    "vars": "it has another name; write ext_strs",
}

_DICTS = ["code_vars", "vars"]

def _attr(name):
    doc = "Refused: %s." % _REASONS[name]
    return attr.string_dict(doc = doc) if name in _DICTS else attr.string_list(doc = doc)

REFUSED_ATTRS = {name: _attr(name) for name in _REASONS}

# Flags of `jsonnet` in `extra_args` -> the flag of our tool, and whether the output is still JSON.
_FLAGS = {
    "--no-trailing-newline": ("--no-trailing-newline", True),
    "--string": ("--format=string", False),
    "-S": ("--format=string", False),
}

# Other flags of `jsonnet` -> the attribute that says the same.
_ATTRIBUTES = {
    "--create-output-dirs": "out_dir",
    "--ext-code": "ext_code",
    "--ext-code-file": "ext_code_files",
    "--ext-str": "ext_strs",
    "--ext-str-file": "ext_str_files",
    "--jpath": "imports",
    "--multi": "multiple_outputs",
    "--output-file": "outs",
    "--tla-code": "tla_code",
    "--tla-code-file": "tla_code_files",
    "--tla-str": "tla_strs",
    "--tla-str-file": "tla_str_files",
    "--yaml-stream": "yaml_stream",
    "-A": "tla_strs",
    "-J": "imports",
    "-V": "ext_strs",
    "-c": "out_dir",
    "-m": "multiple_outputs",
    "-o": "outs",
    "-y": "yaml_stream",
}

def _refusal_of_flag(argument):
    """Why an entry of `extra_args` is refused."""
    flag = argument.partition("=")[0].partition(" ")[0]
    if flag in _ATTRIBUTES:
        return "the attribute %s" % _ATTRIBUTES[flag]
    return "one of %s; others of jsonnet change nothing in the output, so leave them out" % ", ".join(sorted(_FLAGS))

def check_refused(ctx, rule_name):
    """Fails where a refused attribute is set.

    Args:
      ctx: the context of a rule that has REFUSED_ATTRS.
      rule_name: the rule's name, for messages.
    """
    for name, reason in _REASONS.items():
        got = getattr(ctx.attr, name)
        if got:
            fail("%s %s: attribute %s: got %s, want none: %s" % (rule_name, label_text(ctx.label), name, repr(got), reason))

def extra_flags(ctx, rule_name):
    """What `extra_args` means.

    Args:
      ctx: the context of a rule that has `extra_args`.
      rule_name: the rule's name, for messages.

    Returns:
      struct(flags: list of flags of the tool, is_json: whether the output is still JSON).
    """
    flags, is_json = [], True
    for argument in ctx.attr.extra_args:
        if argument not in _FLAGS:
            fail("%s %s: attribute extra_args: got %s, want %s" % (
                rule_name,
                label_text(ctx.label),
                repr(argument),
                _refusal_of_flag(argument),
            ))
        flag, still_json = _FLAGS[argument]
        flags.append(flag)
        is_json = is_json and still_json
    return struct(flags = flags, is_json = is_json)
