"""The image_push rule: a run target that pushes one image."""

load("//rules/private/providers:image_info.bzl", "ImageInfo")
load("//tools/lib/runfiles:launcher.bzl", "declare_request", "launcher")
load("//tools/lib/runfiles:runfiles.bzl", "runfile")
load(":image_files.bzl", "TOOL_ATTRS", "image_files", "image_paths")
load(":labels.bzl", "label_text")
load(":reference.bzl", "REPOSITORY", "TAG", "is_repository", "is_tag")
load(":refusal.bzl", "refuser")

_refuse = refuser("image_push")

def _check(ctx):
    if not is_repository(ctx.attr.repository):
        _refuse(ctx, "repository", ctx.attr.repository, REPOSITORY)
    seen = {}
    for tag in ctx.attr.remote_tags:
        if not is_tag(tag):
            _refuse(ctx, "remote_tags", tag, TAG)
        if tag in seen:
            _refuse(ctx, "remote_tags", ctx.attr.remote_tags, "each tag once")
        seen[tag] = True

def push_launcher(ctx, info, label, repository, insecure, tags = [], **kwargs):
    """Declares a launcher that pushes an image.

    Args:
      ctx: the context of a rule with TOOL_ATTRS.
      info: ImageInfo.
      label: the image's Label, for messages.
      repository: where it goes.
      insecure: whether to speak plain http to a registry that is not this machine.
      tags: tags to move to it.
      **kwargs: as `launcher` takes them.

    Returns:
      DefaultInfo of an executable.
    """
    request = declare_request(ctx, struct(
        version = 1,
        verb = "push",
        label = label_text(label),
        repository = repository,
        insecure = insecure,
        tags = tags,
        files = image_paths(info, runfile),
    ))
    return launcher(ctx, ctx.attr._tool, request, ctx.runfiles(files = image_files(info)), **kwargs)

def _impl(ctx):
    _check(ctx)
    return push_launcher(
        ctx,
        ctx.attr.image[ImageInfo],
        ctx.attr.image.label,
        ctx.attr.repository,
        ctx.attr.insecure,
        ctx.attr.remote_tags,
    )

image_push = rule(
    implementation = _impl,
    doc = """Pushes an image when it is run, and prints its reference by digest.

```starlark
image_push(
    name = "push",
    image = ":image",
    remote_tags = ["latest"],
    repository = "ghcr.io/acme/server",
)
```

`bazel run :push -- --tag v1.2` moves one tag more; `--output=json` says in JSON what was done.
Services push what they need by themselves: this is for images that others use.
""",
    attrs = TOOL_ATTRS | {
        "image": attr.label(
            doc = "The image, or an index of images.",
            mandatory = True,
            providers = [ImageInfo],
        ),
        "insecure": attr.bool(
            doc = "Plain http although the registry is not this machine. No credentials are sent.",
        ),
        "remote_tags": attr.string_list(
            doc = "Tags to move to it.",
        ),
        "repository": attr.string(
            doc = "Where it goes: `ghcr.io/acme/server`.",
            mandatory = True,
        ),
    },
    executable = True,
)
