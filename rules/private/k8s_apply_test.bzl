"""k8s_apply_test: a run of `<target>.apply` against an API server of the test's own."""

load("@windlass_probe//:probe.bzl", "CLUSTER_TESTS")
load("//rules/private/providers:k8s_verb_info.bzl", "K8sVerbInfo")
load("//tools/lib/runfiles:launcher.bzl", "declare_request", "launcher")
load("//tools/lib/runfiles:runfiles.bzl", "runfile")
load(":labels.bzl", "label_text")

# The version of the request's schema: the tool refuses another.
_VERSION = 1

# Where the API server's programs are found: `bazel test` hides these from tests.
_INHERITED = ["HOME", "WINDLASS_CLUSTER_PROGRAMS", "WINDLASS_TOOLBOX", "XDG_CACHE_HOME"]

# The first word of a step.
_STEPS = ["change", "create", "delete", "push"]

def _is_served(registry, scheme):
    """Whether the test can serve a registry: it has no certificate, and no names but localhost."""
    host, _, port = registry.rpartition(":")
    parts = host.split(".")
    is_address = len(parts) == 4 and all([part.isdigit() for part in parts])
    is_loopback = host == "localhost" or is_address and parts[0] == "127"
    return port.isdigit() and (is_loopback or is_address and scheme == "http")

def _refuse(ctx, attribute, text):
    fail("k8s_apply_test %s: attribute %s: %s" % (label_text(ctx.label), attribute, text))

def _check_targets(ctx):
    target = ctx.attr.target
    own = target[K8sVerbInfo].binding
    for attribute, one in [("setup", setup) for setup in ctx.attr.setup] + [("target", target)]:
        info = one[K8sVerbInfo]
        name = label_text(one.label)
        if info.verb != "apply":
            _refuse(ctx, attribute, "got `%s`, want an `.apply`" % name)
        if info.binding.cluster_id:
            _refuse(ctx, attribute, "got `%s`, whose environment names a cluster_id, want one without; " % name +
                                    "the test's API server has another id each time")
        if info.binding.cluster != own.cluster:
            _refuse(ctx, attribute, "got `%s` on cluster %r, want cluster %r of `%s`" % (
                name,
                info.binding.cluster,
                own.cluster,
                label_text(target.label),
            ))
        if info.pushes and info.binding.registry != own.registry:
            _refuse(ctx, attribute, "got `%s` with registry %r, want registry %r of `%s`" % (
                name,
                info.binding.registry,
                own.registry,
                label_text(target.label),
            ))
        if info.pushes and info.binding.image_delivery != "registry":
            _refuse(ctx, attribute, "got `%s` with image_delivery %r, want \"registry\": the test has no node" % (
                name,
                info.binding.image_delivery,
            ))
        if info.pushes and not _is_served(own.registry, own.registry_scheme):
            _refuse(ctx, attribute, "got `%s`, which pushes to %r, want a registry that is spoken to by http: " % (
                name,
                own.registry,
            ) + "localhost, or an address with registry_scheme \"http\"")

def _check_expected(ctx):
    if bool(ctx.attr.steps) == bool(ctx.file.golden):
        _refuse(ctx, "steps", "got %s; set steps or golden" % ("golden too" if ctx.attr.steps else "no golden either"))
    for step in ctx.attr.steps:
        word, _, name = step.partition(" ")
        if word not in _STEPS or not name:
            _refuse(ctx, "steps", "got %r, want `<word> <what>` with one of %s" % (step, ", ".join(_STEPS)))
    for one, others in ctx.attr.before.items():
        for name in [one] + others:
            if len(name.split(" ")) != 2:
                _refuse(ctx, "before", "got %r, want `<kind> <name>` as in \"Service redis\"" % name)

def _step(target):
    return struct(
        label = label_text(target.label),
        launcher = runfile(target[DefaultInfo].files_to_run.executable),
    )

def _launch(ctx, verb, label):
    """A link to the tool, its request beside it."""
    _check_targets(ctx)
    _check_expected(ctx)
    info = ctx.attr.target[K8sVerbInfo]
    pushes = any([one[K8sVerbInfo].pushes for one in ctx.attr.setup + [ctx.attr.target]])
    golden = ctx.file.golden
    request = declare_request(ctx, struct(
        version = _VERSION,
        verb = verb,
        label = label,
        api_server = runfile(ctx.executable._api_server),
        context = info.binding.cluster,
        namespace = info.binding.environment.namespace,
        registry = info.binding.registry if pushes else None,
        setup = [_step(setup) for setup in ctx.attr.setup],
        target = _step(ctx.attr.target),
        expected = struct(
            steps = None if golden else ctx.attr.steps,
            golden = struct(runfile = runfile(golden), path = golden.short_path) if golden else None,
            before = ctx.attr.before,
        ),
    ))
    runfiles = ctx.runfiles(files = [golden] if golden else []).merge_all([
        target[DefaultInfo].default_runfiles
        for target in ctx.attr.setup + [ctx.attr.target, ctx.attr._api_server]
    ])
    return launcher(ctx, ctx.attr._tool, request, runfiles)

def _test_impl(ctx):
    return [
        _launch(ctx, "test", label_text(ctx.label)),
        RunEnvironmentInfo(inherited_environment = _INHERITED),
    ]

def _update_impl(ctx):
    return [_launch(ctx, "update", label_text(ctx.label).removesuffix(".update"))]

_ATTRS = {
    "before": attr.string_list_dict(
        doc = "Object -> objects whose write is asked for after its own was answered: `{\"Service redis\": " +
              "[\"Deployment client\"]}`.",
    ),
    "golden": attr.label(
        allow_single_file = [".steps"],
        doc = "A file with the steps of the first run, one a line, that `<name>.update` writes.",
    ),
    "setup": attr.label_list(
        cfg = "target",
        providers = [K8sVerbInfo],
        doc = "`.apply` targets that are applied first, in order: what the cluster needs, or an older state.",
    ),
    "steps": attr.string_list(
        doc = "The steps of the first run: `push <repository>` and `create`, `change` or `delete` with `<kind> <name>`, " +
              "dependencies first. A name outside the environment's namespace is `<namespace>/<name>`.",
    ),
    "target": attr.label(
        cfg = "target",
        executable = True,
        mandatory = True,
        providers = [K8sVerbInfo],
        doc = "The `.apply` target that is tested.",
    ),
    "_api_server": attr.label(cfg = "exec", default = "//cluster:with_api_server", executable = True),
    "_tool": attr.label(cfg = "exec", default = "//tools/apply_test", executable = True),
}

apply_run_test = rule(
    implementation = _test_impl,
    doc = "Applies a target twice against an API server of the test's own, and compares what that saw.",
    attrs = _ATTRS,
    test = True,
)

apply_run_update = rule(
    implementation = _update_impl,
    doc = "Writes what a run of the target does into the golden.",
    attrs = _ATTRS,
    executable = True,
)

def k8s_apply_test(name, target, setup = [], steps = [], golden = None, before = {}, tags = [], target_compatible_with = [], **kwargs):
    """A test of what `<target>.apply` does to an empty cluster: which objects, which images, in which order.

    The target is applied twice against a real API server of the test's own, with no node. The first run has to do the
    steps that are expected, the second one nothing. Where that cannot run, the test is SKIPPED, and `@windlass_probe`
    says why. With a golden there is `<name>.update` as well, which writes it.

    Args:
      name: the test's name.
      target: an `.apply` target.
      setup: `.apply` targets that are applied before, in order.
      steps: what the first run does: `push demo/client`, `create Deployment client`, ...; or
      golden: a file of that.
      before: dict of object -> objects that are written after it: `{"Service redis": ["Deployment client"]}`.
      tags: more tags.
      target_compatible_with: more that the test needs.
      **kwargs: what all tests have (size, timeout, visibility, ...).
    """
    expected = {"before": before, "golden": golden, "setup": setup, "steps": steps, "target": target}
    compatible = target_compatible_with + CLUSTER_TESTS
    apply_run_test(
        name = name,
        # One at a time on two cores: the API server's start keeps both busy.
        tags = tags + ["cpu:2", "local", "no-sandbox", "requires-network"],
        target_compatible_with = compatible,
        **(expected | kwargs)
    )
    if golden:
        apply_run_update(
            name = name + ".update",
            testonly = True,
            tags = ["manual"],
            target_compatible_with = compatible,
            visibility = kwargs.get("visibility"),
            **expected
        )
