"""The jsonnet_to_json rule: one Jsonnet source, rendered to JSON files."""

load("//rules/private/providers:rendered_info.bzl", "RenderedInfo")
load(":jsonnet_inputs.bzl", "INPUT_ATTRS")
load(":jsonnet_refused.bzl", "extra_flags")
load(":jsonnet_render.bzl", "RENDER_ATTRS", "outs_in", "render")

def _jsonnet_to_json_impl(ctx):
    extra = extra_flags(ctx, "jsonnet_to_json")
    rendered = render(ctx, "jsonnet_to_json", extra.flags)
    providers = [
        DefaultInfo(files = depset(rendered.files), runfiles = ctx.runfiles(rendered.files)),
        OutputGroupInfo(_validation = rendered.validation),
    ]
    if rendered.named and extra.is_json and not ctx.attr.yaml_stream:
        providers.append(RenderedInfo(files = rendered.named))
    return providers

_jsonnet_to_json = rule(
    implementation = _jsonnet_to_json_impl,
    doc = "Renders one Jsonnet source to JSON files; see the macro `jsonnet_to_json`.",
    attrs = INPUT_ATTRS | RENDER_ATTRS | {
        "extra_args": attr.string_list(
            doc = "Flags of the `jsonnet` command: `--string` (or `-S`) for a text instead of JSON, `--no-trailing-newline`.",
        ),
    },
)

def jsonnet_to_json(name, outs = [], out_dir = "", **kwargs):
    """Renders one Jsonnet source to JSON files.

    Makes `name`, and a target for each file: `:<out_dir>/<file>`, so that other rules can name it.
    `outs` alone and `out_dir` alone work as in rules_jsonnet; both together keep two renderings of one
    source apart.

    Args:
      name: the target's name.
      outs: the files to render. Of several, or with `multiple_outputs = True`, each is a field of
        the object that the source gives.
      out_dir: a folder of this package to put them in; without `outs`, one whose files the source names.
      **kwargs: `src`, `deps`, `data`, `imports`, `ext_*`, `tla_*`, `params`, `rendered`,
        `multiple_outputs`, `yaml_stream`, `extra_args`, and what every rule has.
    """
    _jsonnet_to_json(
        name = name,
        out_dir = out_dir,
        outs = outs_in(out_dir, outs),
        **kwargs
    )
