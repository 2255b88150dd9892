"""The request of a test of rendered manifests: the JSON file beside its launcher."""

load("//tools/lib/runfiles:launcher.bzl", "declare_request")
load("//tools/lib/runfiles:runfiles.bzl", "runfile")

# The version of the request's schema: the tool refuses another.
REQUEST_VERSION = 1

def _manifest(file):
    return json.encode(runfile(file))

def _open(value, rest):
    """The JSON of a struct or dict, left open for more fields.

    JSON is made of text here, since the manifests are a depset inside the document: only Args has their names,
    line by line as it writes the file. json.encode would need the depset as a list, in analysis.
    """
    text = json.encode(value).removesuffix("}")
    return text + (", " if text != "{" else "") + rest

def write_rendered_request(ctx, label, task, list, entries, fields = {}):
    """Declares the action that writes the request. It is written when it is built: depsets stay depsets.

    Args:
      ctx: the rule's context.
      label: the test, as users type it.
      task: what to do: `test`, `update` or `environments`.
      list: the field of the task that has the entries.
      entries: list of struct(head, rendered): the fields of an entry, and depset[File] of its manifests.
      fields: dict of more fields of the task.

    Returns:
      the File beside the launcher.
    """
    request = declare_request(ctx)
    args = ctx.actions.args()
    args.set_param_file_format("multiline")
    args.add(_open({"label": label, "version": REQUEST_VERSION}, "\"task\": {%s:" % json.encode(task)))
    args.add(_open(fields, "%s: [" % json.encode(list)))
    last = len(entries) - 1
    for at, entry in enumerate(entries):
        args.add(_open(entry.head, "\"manifests\": ["))
        args.add_joined(entry.rendered, join_with = ",\n", map_each = _manifest, omit_if_empty = False)
        args.add("]}" if at == last else "]},")
    args.add("]}}}")
    ctx.actions.write(request, args)
    return request
