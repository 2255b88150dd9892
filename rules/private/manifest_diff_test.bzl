"""manifest_diff_test: rendered manifests beside goldens in the sources."""

load("//rules/private/providers:k8s_objects_info.bzl", "K8sObjectsInfo")
load("//tools/lib/runfiles:launcher.bzl", "launcher")
load("//tools/lib/runfiles:runfiles.bzl", "runfile")
load(":labels.bzl", "label_text")
load(":rendered_request.bzl", "write_rendered_request")

def _launch(ctx, task, label, goldens, files):
    entries = [struct(
        head = struct(
            path = golden.path,
            personal = _personal(golden.target[K8sObjectsInfo].binding.environment),
            runfile = golden.runfile,
            target = label_text(golden.target.label),
        ),
        rendered = golden.target[K8sObjectsInfo].rendered,
    ) for golden in goldens]
    request = write_rendered_request(ctx, label = label, task = task, list = "goldens", entries = entries)
    rendered = depset(transitive = [entry.rendered for entry in entries])
    return launcher(ctx, ctx.attr._tool, request, ctx.runfiles(files = files, transitive_files = rendered))

def _personal(environment):
    return environment.namespace if environment.personal else None

def _test_impl(ctx):
    goldens = [
        struct(path = file.short_path, runfile = runfile(file), target = target)
        for file, target in zip(ctx.files.goldens, ctx.attr.targets)
    ]
    return [_launch(ctx, "test", label_text(ctx.label), goldens, ctx.files.goldens)]

def _update_impl(ctx):
    goldens = [
        struct(path = "%s/%s" % (ctx.label.package, path) if ctx.label.package else path, runfile = None, target = target)
        for path, target in zip(ctx.attr.goldens, ctx.attr.targets)
    ]
    return [_launch(ctx, "update", label_text(ctx.label).removesuffix(".update"), goldens, [])]

_ATTRS = {
    "targets": attr.label_list(
        doc = "The k8s_object or k8s_objects target that each golden is of.",
        mandatory = True,
        providers = [K8sObjectsInfo],
    ),
    "_tool": attr.label(cfg = "exec", default = "//tools/rendered", executable = True),
}

rendered_test = rule(
    implementation = _test_impl,
    doc = "Compares rendered manifests with goldens, field by field.",
    attrs = _ATTRS | {
        "goldens": attr.label_list(
            allow_files = [".json"],
            doc = "A file of this package for each of `targets`.",
            mandatory = True,
        ),
    },
    test = True,
)

rendered_update = rule(
    implementation = _update_impl,
    doc = "Writes goldens of rendered manifests into the sources.",
    attrs = _ATTRS | {
        "goldens": attr.string_list(
            doc = "A path in this package for each of `targets`.",
            mandatory = True,
        ),
    },
    executable = True,
)

def refusal_of_goldens(goldens):
    """Why `goldens` is not what it may be.

    Args:
      goldens: dict of path to label.

    Returns:
      a text; None where all is well.
    """
    if not goldens:
        return "got {}, want {path of a golden: target}, as in {\"golden/prod.json\": \":prod-shallow\"}"
    for path in goldens:
        if not path.endswith(".json") or path.startswith("/") or ":" in path or ".." in path.split("/"):
            return "got %r, want the path of a .json file in this package" % path
    return None

def manifest_diff_test(name, goldens, **kwargs):
    """A test that rendered manifests are as goldens in the sources say, and `<name>.update`, which writes those.

    A golden is a JSON list of all objects of one target, also of its deps if that is a deep one. It has names of images
    and no digests, and `$USER` for a personal namespace: it changes with what is deployed, and with nothing else.

    Args:
      name: the test's name.
      goldens: dict of golden -> target: `{"golden/prod.json": ":prod-shallow"}`. Goldens are files of this package, which
        `<name>.update` makes.
      **kwargs: what all tests have (size, tags, visibility, ...).
    """
    refusal = refusal_of_goldens(goldens)
    if refusal:
        fail("manifest_diff_test %r: attribute goldens: %s" % (name, refusal))
    common = {key: value for key, value in kwargs.items() if key in ["target_compatible_with", "testonly", "visibility"]}
    rendered_test(
        name = name,
        goldens = goldens.keys(),
        targets = goldens.values(),
        **({"size": "small"} | kwargs)
    )
    rendered_update(
        name = name + ".update",
        goldens = goldens.keys(),
        tags = ["manual"],
        targets = goldens.values(),
        **common
    )
