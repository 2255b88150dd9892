"""What somebody's own rule may look like that gives YAML: `helm template`, without helm."""

def _chart_impl(ctx):
    rendered = ctx.actions.declare_file("%s/%s.yaml" % (ctx.label.name, ctx.attr.release))
    ctx.actions.expand_template(
        output = rendered,
        substitutions = {"{release}": ctx.attr.release},
        template = ctx.file.template,
    )
    return [DefaultInfo(files = depset([rendered]))]

chart = rule(
    implementation = _chart_impl,
    doc = "Renders a template to a file that no label names.",
    attrs = {
        "release": attr.string(doc = "What {release} becomes.", mandatory = True),
        "template": attr.label(allow_single_file = True, doc = "YAML with {release} in it.", mandatory = True),
    },
)
