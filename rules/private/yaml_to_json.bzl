"""The yaml_to_json rule: the documents of a YAML file, as JSON files."""

load("//rules/private/providers:rendered_info.bzl", "RenderedInfo")
load(":labels.bzl", "label_text")

# How the names of YAML files end; k8s_object takes them as well.
YAML_FILES = [".yaml", ".yml"]

# What a rule needs to call convert_yaml.
YAML_ATTRS = {
    "_yaml": attr.label(cfg = "exec", default = "//tools/yaml", executable = True),
}

def convert_yaml(ctx, src, outputs):
    """Declares the action that converts a file.

    Args:
      ctx: the context of a rule that has YAML_ATTRS.
      src: the YAML's File.
      outputs: list of (flag of the tool, File): `--document` for each document, `--list` for all of them,
        or `--object` for the only one.
    """
    args = ctx.actions.args()
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    args.add("--label", label_text(ctx.label))
    args.add("--src", src)
    args.add("--src-label", label_text(src.owner))
    for flag, file in outputs:
        args.add(flag, file)
    ctx.actions.run(
        executable = ctx.executable._yaml,
        arguments = ["to-json", args],
        inputs = [src],
        outputs = [file for _, file in outputs],
        mnemonic = "YamlToJson",
        progress_message = "Converting %{input} for %{label}",
    )

def _yaml_to_json_impl(ctx):
    outputs = [("--document", label.name, file) for label, file in zip(ctx.attr.outs, ctx.outputs.outs)]
    if ctx.attr.out:
        outputs.append(("--list", ctx.attr.out.name, ctx.outputs.out))
    if not outputs:
        fail("yaml_to_json %s: attribute outs: got [], want a file name for each document; or set out, for a list of all" % (
            label_text(ctx.label)
        ))
    convert_yaml(ctx, ctx.file.src, [(flag, file) for flag, _, file in outputs])
    return [
        DefaultInfo(files = depset([file for _, _, file in outputs])),
        RenderedInfo(files = {name: file for _, name, file in outputs}),
    ]

yaml_to_json = rule(
    implementation = _yaml_to_json_impl,
    doc = "Converts the documents of a YAML file to JSON, with the meaning that kubectl gives them. Keys keep their " +
          "order. A document that is empty or null is none. What kubectl would change or drop silently is an error: " +
          "a key given twice, a key or number that is not what it looks like. The files can be imported by " +
          "Jsonnet (`data`), be `rendered` of a jsonnet_to_json, or be the `src` of a k8s_object.",
    attrs = YAML_ATTRS | {
        "out": attr.output(
            doc = "A file with a list of all documents, in order, also where there is one only.",
        ),
        "outs": attr.output_list(
            doc = "A file for each document, in order; another number of documents is an error that names them.",
        ),
        "src": attr.label(
            allow_single_file = YAML_FILES,
            doc = "The YAML: a file, or the output of a rule.",
            mandatory = True,
        ),
    },
)
