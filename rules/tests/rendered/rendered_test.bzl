"""Tests of deployments_page, rendered_diff, manifest_diff_test and environments_diff_test: their requests, and each refusal."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules:k8s.bzl", "bind")
load("//rules/private:deployments_page.bzl", "deployments_page")
load("//rules/private:environments_diff_test.bzl", "environments_diff_test")
load("//rules/private:manifest_diff_test.bzl", "refusal_of_goldens")
load("//rules/private:rendered_diff.bzl", "rendered_diff")

_bound = bind(
    cluster = "shop",
    envs = {
        "myns": {"images": "built", "namespace": "$USER"},
        "shop": {"images": "built", "namespace": "shop"},
    },
    project = "shop",
    registry = "localhost:5000",
    setup = "//prod:setup.apply",
    user = "ann",
)

_PACKAGE = "//rules/tests/rendered:"
_RUNFILES = "_main/rules/tests/rendered/"

def objects():
    """One Service in two environments."""
    _bound.k8s_object(name = "web", src = "web.json", env = "shop", kind = "Service")
    _bound.k8s_object(name = "ann", src = "ann.yaml", env = "myns", kind = "Service")
    _bound.k8s_objects(name = "web-group", objects = [":web"])

def _request_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    found = [
        json.decode(a.content)
        for a in analysistest.target_actions(env)
        for o in a.outputs.to_list()
        if o.basename == target.label.name + ".json"
    ]
    want = {"label": ctx.attr.label, "version": 1} | json.decode(ctx.attr.fields)
    asserts.equals(env, [want], found)
    files = [file.short_path for file in target[DefaultInfo].default_runfiles.files.to_list()]
    for runfile in ctx.attr.runfiles:
        asserts.true(env, runfile.removeprefix("_main/") in files, "%s is not in the runfiles" % runfile)
    return analysistest.end(env)

request_test = analysistest.make(_request_test_impl, attrs = {
    "fields": attr.string(),
    "label": attr.string(),
    "runfiles": attr.string_list(),
})

def _fails_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.text)
    return analysistest.end(env)

fails_test = analysistest.make(_fails_test_impl, attrs = {"text": attr.string()}, expect_failure = True)

def _refusal_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, None, refusal_of_goldens({"golden/prod.json": ":web"}))
    asserts.true(env, refusal_of_goldens({}).startswith("got {}, want {path of a golden: target}"))
    for path in ["golden/prod.yaml", "/prod.json", "//a:prod.json", "../prod.json"]:
        want = "got %r, want the path of a .json file in this package" % path
        asserts.equals(env, want, refusal_of_goldens({path: ":web"}))
    asserts.equals(
        env,
        "got \"a/prod.json\" and \"b/prod.json\", whose tests would have one name; give one another file name",
        refusal_of_goldens({"a/prod.json": ":web", "b/prod.json": ":web"}),
    )
    return unittest.end(env)

refusal_test = unittest.make(_refusal_test_impl)

def _goldens(verb, names):
    golden = lambda name, target, personal, manifest: {
        "manifests": [_RUNFILES + manifest],
        "path": "rules/tests/rendered/golden/%s.json" % name,
        "personal": personal,
        "runfile": _RUNFILES + "golden/%s.json" % name if verb == "test" else None,
        "target": _PACKAGE + target,
    }
    goldens = {
        "ann": golden("ann", "ann", "ann", "ann.src.json"),
        "web": golden("web", "web-group", None, "web.json"),
    }
    return {verb: {"goldens": [goldens[name] for name in names]}}

def rendered_test_suite(name):
    """All analysis and unit tests of the rules.

    Args:
      name: the suite's name.
    """
    manifests = [_RUNFILES + "ann.src.json", _RUNFILES + "web.json"]
    rendered = lambda target, environment, namespace, manifest: {
        "environment": environment,
        "manifests": [_RUNFILES + manifest],
        "namespace": namespace,
        "target": _PACKAGE + target,
    }
    for target, label, task, runfiles in [
        ("rendered", "rendered", {"against": {"targets": ["//..."]}}, []),
        # Who builds is in the test of the personal environment, and in no other.
        ("manifests_test.ann", "manifests_test", _goldens("test", ["ann"]), [manifests[0], _RUNFILES + "golden/ann.json"]),
        ("manifests_test.web", "manifests_test", _goldens("test", ["web"]), [manifests[1], _RUNFILES + "golden/web.json"]),
        ("manifests_test.update", "manifests_test", _goldens("update", ["ann", "web"]), manifests),
        ("environments_test", "environments_test", {"environments": {"mapped": [], "targets": [
            rendered("web-group", "shop", "shop", "web.json"),
            rendered("ann", "myns", "ann", "ann.src.json"),
        ]}}, manifests),
    ]:
        request_test(
            name = "%s_%s_request" % (name, target),
            fields = json.encode({"task": task}),
            label = _PACKAGE + label if label != "rendered" else "//rules/tests/rendered",
            runfiles = runfiles,
            target_under_test = ":" + target,
        )
    deployments_page(name = "page", tags = ["manual"])
    request_test(
        name = name + "_page_request",
        fields = json.encode({"targets": ["//..."]}),
        label = _PACKAGE + "page",
        target_under_test = ":page",
    )
    deployments_page(name = "relative_page", patterns = ["web"], tags = ["manual"])
    fails_test(
        name = name + "_page_fails",
        target_under_test = ":relative_page",
        text = "attribute patterns: got \"web\", want patterns of this repository as in \"//services/...\"",
    )
    both = [":web", ":ann"]
    for case, (attributes, text) in {
        "alone": ({"targets": [":web"]}, "attribute targets: got environments [\"shop\"], want two or more, each once"),
        "mapped": ({"mapped": ["spec.replicas"], "targets": both}, "attribute mapped: got \"spec.replicas\", want \"<kind> <name>: <field>\""),
        "twice": ({"targets": [":web", ":web-group"]}, "attribute targets: got environments [\"shop\", \"shop\"], want two or more, each once"),
    }.items():
        environments_diff_test(name = case + "_subject_test", tags = ["manual"], **attributes)
        fails_test(name = "%s_%s_fails" % (name, case), target_under_test = ":%s_subject_test" % case, text = text)
    rendered_diff(name = "relative_subject", patterns = [":all"], tags = ["manual"])
    fails_test(
        name = name + "_patterns_fails",
        target_under_test = ":relative_subject",
        text = "attribute patterns: got \":all\", want patterns of this repository as in \"//services/...\"",
    )
    refusal_test(name = name + "_refusal")
