"""Tests of the check that what objects refer to is there: which groups have it, and what it reads."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules:k8s.bzl", "bind")
load("//rules/private:policy.bzl", "refusal_of_policy")

def _externals_test_impl(ctx):
    env = unittest.begin(ctx)
    for external in ["ConfigMap/ca.crt-1", "ClusterRole/system:x", "Pod/app=kafka", "Pod/a/b=c,d=", "Kafka/events"]:
        asserts.equals(env, None, refusal_of_policy([], [], {}, {external: "somebody"}), external)
    for external in ["", "ca", "/ca", "configMap/ca", "ConfigMap/", "ConfigMap/a b", "Config-Map/a", "Pod/kafka", "Pod/=a"]:
        attribute, got = refusal_of_policy([], [], {}, {external: "somebody"}) or ("", "")
        asserts.equals(env, "externals", attribute, external)
        asserts.true(env, got.startswith("got %r, want KIND/NAME" % external), got)
    asserts.equals(
        env,
        ("externals", "got nobody for \"ConfigMap/ca\"; say who makes it, for those who read it later"),
        refusal_of_policy([], [], {}, {"ConfigMap/ca": " "}),
    )
    return unittest.end(env)

externals_test = unittest.make(_externals_test_impl)

def _closure_test_impl(ctx):
    """What the check of a target reads; `want` is empty where it has none."""
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    argv = [
        arg
        for action in analysistest.target_actions(env)
        if action.mnemonic == "K8sClosure"
        for arg in action.argv
    ]
    got = {}
    for flag, value in zip(argv, argv[1:]):
        if flag in ["--label", "--object", "--given", "--external"]:
            got.setdefault(flag, []).append(value.rpartition("/")[2] if flag in ["--object", "--given"] else value)
    asserts.equals(env, json.decode(ctx.attr.want), {flag: sorted(values) for flag, values in got.items()})

    # What is below is checked with it: Bazel adds that to the group.
    validation = [file.basename for file in target[OutputGroupInfo]._validation.to_list()]
    asserts.equals(env, bool(got), target.label.name + ".closed" in validation)
    return analysistest.end(env)

closure_test = analysistest.make(_closure_test_impl, attrs = {"want": attr.string()})

def _subjects():
    one = bind(
        cluster = "one",
        cluster_objects = [":closure-cluster"],
        envs = {"far": {"images": "built", "namespace": "far"}},
        externals = {"StorageClass/standard": "the cloud"},
        project = "shop",
        registry = "localhost:5000",
        setup = "//x:setup.apply",
        user = "alice",
    )
    manual = {"tags": ["manual"]}
    for name, env, policy in [
        ("class", "setup", {}),
        ("db", "far", {"externals": {"ConfigMap/ca": "cert-manager"}}),
        ("top", "far", {}),
        ("web", "far", {}),
    ]:
        one.k8s_object(
            name = "closure-" + name,
            env = env,
            kind = "Deployment",
            policy = policy,
            src = "closure/%s.json" % name,
            **manual
        )
    one.k8s_objects(name = "closure-cluster", objects = [":closure-class"], **manual)
    one.k8s_objects(name = "closure-setup", objects = [":closure-cluster"], **manual)
    one.k8s_objects(name = "closure-base", objects = [":closure-db"], **manual)
    one.k8s_objects(name = "closure-shallow", objects = [":closure-web"], **manual)
    one.k8s_objects(name = "closure-deep", deps = [":closure-base"], objects = [":closure-shallow"], **manual)
    one.k8s_objects(name = "closure-over", deps = [":closure-deep"], objects = [":closure-top"], **manual)
    one.k8s_objects(name = "closure-all", objects = [":closure-deep", ":closure-over"], **manual)
    one.k8s_objects(name = "closure-by-hand", deps = [":closure-base"], objects = [":closure-web"], **manual)
    one.k8s_object(
        name = "closure-nobody",
        env = "far",
        kind = "Deployment",
        policy = {"externals": {"ca": "cert-manager"}},
        src = "closure/web.json",
        **manual
    )

def _fails_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.text)
    return analysistest.end(env)

fails_test = analysistest.make(_fails_test_impl, attrs = {"text": attr.string()}, expect_failure = True)

def closure_test_suite(name):
    """All tests of the check.

    Args:
      name: the suite's name.
    """
    _subjects()
    unittest.suite(name + "_unit", externals_test)
    deep = {
        "--external": ["ConfigMap/ca", "StorageClass/standard"],
        "--given": ["class.json", "db.json", "web.json"],
        "--object": ["db.json", "web.json"],
    }
    for target, want in {
        # Groups that are all checked by themselves: nothing is left to check.
        "all": {},
        "by-hand": deep | {"--label": ["//rules/tests/k8s:closure-by-hand"]},
        "deep": deep | {"--label": ["//rules/tests/k8s:closure-deep"]},
        # What a target of its own checks is not checked again, and what it leaves to others stays its own.
        "over": deep | {
            "--external": ["StorageClass/standard"],
            "--given": ["class.json", "db.json", "top.json", "web.json"],
            "--label": ["//rules/tests/k8s:closure-over"],
            "--object": ["top.json"],
        },
        # Objects of the whole cluster are given to environments, and not to setup, which has them.
        "setup": {
            "--external": ["StorageClass/standard"],
            "--given": ["class.json"],
            "--label": ["//rules/tests/k8s:closure-setup"],
            "--object": ["class.json"],
        },
        "shallow": {},
    }.items():
        closure_test(name = "%s_%s" % (name, target), target_under_test = ":closure-" + target, want = json.encode(want))
    fails_test(
        name = name + "_nobody_fails",
        target_under_test = ":closure-nobody",
        text = "attribute externals: got \"ca\", want KIND/NAME as in \"ConfigMap/ca-bundle\"",
    )
