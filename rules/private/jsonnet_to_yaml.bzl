"""The jsonnet_to_yaml rule: one Jsonnet source, rendered to YAML files."""

load(":jsonnet_inputs.bzl", "INPUT_ATTRS")
load(":jsonnet_render.bzl", "RENDER_ATTRS", "outs_in", "render")

def _jsonnet_to_yaml_impl(ctx):
    rendered = render(ctx, "jsonnet_to_yaml", ["--format=yaml"])
    return [
        DefaultInfo(files = depset(rendered.files), runfiles = ctx.runfiles(rendered.files)),
        OutputGroupInfo(_validation = rendered.validation),
    ]

_jsonnet_to_yaml = rule(
    implementation = _jsonnet_to_yaml_impl,
    doc = "Renders one Jsonnet source to YAML files; see the macro `jsonnet_to_yaml`.",
    attrs = INPUT_ATTRS | RENDER_ATTRS,
)

def jsonnet_to_yaml(name, outs = [], out_dir = "", **kwargs):
    """Renders one Jsonnet source to YAML files, for programs that want it: all else here takes JSON as well.

    It is the value that `jsonnet_to_json` gives, in plain YAML: fields in order of their names, texts in quotes
    where they could be taken for something else. `yaml_stream = True` makes a document of each element.

    Args:
      name: the target's name.
      outs: the files to render. Of several, or with `multiple_outputs = True`, each is a field of
        the object that the source gives.
      out_dir: a folder of this package to put them in; without `outs`, one whose files the source names.
      **kwargs: `src`, `deps`, `data`, `imports`, `ext_*`, `tla_*`, `params`, `rendered`,
        `multiple_outputs`, `yaml_stream`, and what every rule has.
    """
    _jsonnet_to_yaml(
        name = name,
        out_dir = out_dir,
        outs = outs_in(out_dir, outs),
        **kwargs
    )
