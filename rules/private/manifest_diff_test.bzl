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

def _suite(ctx):
    """The label of what the macro made the target for: `//services/client:manifests_test`."""
    return label_text(ctx.label).partition(":")[0] + ":" + ctx.attr.suite

def _test_impl(ctx):
    goldens = [
        struct(path = file.short_path, runfile = runfile(file), target = target)
        for file, target in zip(ctx.files.goldens, ctx.attr.targets)
    ]
    return [_launch(ctx, "test", _suite(ctx), goldens, ctx.files.goldens)]

def _update_impl(ctx):
    goldens = [
        struct(path = "%s/%s" % (ctx.label.package, path) if ctx.label.package else path, runfile = None, target = target)
        for path, target in zip(ctx.attr.goldens, ctx.attr.targets)
    ]
    return [_launch(ctx, "update", _suite(ctx), goldens, [])]

_ATTRS = {
    "suite": attr.string(doc = "The name that the macro was given.", mandatory = True),
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
    named = {}
    for path in goldens:
        if not path.endswith(".json") or path.startswith("/") or ":" in path or ".." in path.split("/"):
            return "got %r, want the path of a .json file in this package" % path
        other = named.setdefault(_name(path), path)
        if other != path:
            return "got %r and %r, whose tests would have one name; give one another file name" % (other, path)
    return None

def _name(path):
    """What the test of a golden is called."""
    return path.rpartition("/")[2].removesuffix(".json")

def manifest_diff_test(name, goldens, tags = [], **kwargs):
    """Tests that rendered manifests are as goldens in the sources say, and `<name>.update`, which writes those.

    A golden is a JSON list of all objects of one target, also of its deps if that is a deep one. It has names of images
    and no digests, and `$USER` for a personal namespace: it changes with what is deployed, and with nothing else.
    Each has a test of its own, `<name>.prod` for `golden/prod.json`: that of a personal environment alone depends on
    who builds.

    Args:
      name: the name of all tests together.
      goldens: dict of golden -> target: `{"golden/prod.json": ":prod-shallow"}`. Goldens are files of this package, which
        `<name>.update` makes.
      tags: of the tests.
      **kwargs: what all tests have (size, visibility, ...).
    """
    refusal = refusal_of_goldens(goldens)
    if refusal:
        fail("manifest_diff_test %r: attribute goldens: %s" % (name, refusal))
    common = {key: value for key, value in kwargs.items() if key in ["target_compatible_with", "testonly", "visibility"]}
    tests = []
    for path, target in goldens.items():
        test = "%s.%s" % (name, _name(path))
        rendered_test(
            name = test,
            goldens = [path],
            suite = name,
            tags = tags,
            targets = [target],
            **({"size": "small"} | kwargs)
        )
        tests.append(test)
    native.test_suite(
        name = name,
        tags = tags,
        tests = tests,
        visibility = kwargs.get("visibility"),
    )
    rendered_update(
        name = name + ".update",
        goldens = goldens.keys(),
        suite = name,
        tags = ["manual"],
        targets = goldens.values(),
        **common
    )
