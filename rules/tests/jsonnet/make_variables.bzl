"""A rule that defines Make variables, for tests: `--define` would be one of the whole build."""

def _make_variables_impl(ctx):
    return [platform_common.TemplateVariableInfo(ctx.attr.variables)]

make_variables = rule(
    implementation = _make_variables_impl,
    doc = "Make variables.",
    attrs = {"variables": attr.string_dict(doc = "Name -> value.", mandatory = True)},
)
