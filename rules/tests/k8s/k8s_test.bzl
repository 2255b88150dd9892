"""Tests of bind, k8s_object, k8s_objects and pin."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules:k8s.bzl", "bind")
load("//rules:pin.bzl", "pin")
load("//rules/private:binding.bzl", "environment", "refusal_of_envs")
load("//rules/private:k8s_verb.bzl", "GROUP_VERBS", "VERBS")
load("//rules/private:labels.bzl", "label_text")

ENVS = {
    "prod": {"namespace": "prod", "images": "pinned", "protected": True},
    "myns": {"namespace": "$USER", "images": "built"},
    "far": {"namespace": "far", "images": "built", "cluster": "elsewhere", "registry": "far.example:443", "rollout": "gated", "image_delivery": "node"},
}

def _bind(cluster = "one", registry = "localhost:5000", user = "alice", image_delivery = "registry"):
    return bind(
        cluster = cluster,
        envs = ENVS,
        image_delivery = image_delivery,
        project = "shop",
        registry = registry,
        setup = "//x:setup.apply",
        system_namespaces = ["kitchen"],
        user = user,
    )

def _label_text_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, "//a/b", label_text(Label("//a/b:b")))
    asserts.equals(env, "//a/b:c", label_text(Label("//a/b:c")))
    asserts.equals(env, "//:c", label_text(Label("//:c")))
    asserts.equals(env, "@windlass//a/b", label_text(Label("@@windlass~//a/b:b")))
    asserts.equals(env, "@windlass//:c", label_text(Label("@@windlass+//:c")))
    asserts.equals(env, "@rules~~ext~shop//a:c", label_text(Label("@@rules~~ext~shop//a:c")))
    return unittest.end(env)

label_text_test = unittest.make(_label_text_test_impl)

def _environment_test_impl(ctx):
    env = unittest.begin(ctx)
    mine = environment("myns", ENVS, "alice", ["kitchen"])
    asserts.equals(env, "alice", mine.namespace)
    asserts.true(env, mine.personal)
    asserts.equals(env, ["far", "kitchen", "prod"], mine.forbidden_namespaces)

    # A user that cannot name a namespace is recorded as it is: actions and verbs refuse it.
    asserts.equals(env, "Al.ice", environment("myns", ENVS, "Al.ice", []).namespace)
    asserts.equals(env, "", environment("myns", ENVS, "", []).namespace)

    prod = environment("prod", ENVS, "alice", ["kitchen"])
    asserts.equals(env, "prod", prod.namespace)
    asserts.equals(env, "parallel", prod.rollout)
    asserts.true(env, prod.protected)
    asserts.equals(env, [], prod.forbidden_namespaces)
    return unittest.end(env)

environment_test = unittest.make(_environment_test_impl)

def _envs_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, None, refusal_of_envs(ENVS))
    good = {"images": "built", "namespace": "a"}
    for want, envs in {
        "ENVS[\"a\"]: got key \"name\", want one of": {"a": dict(good, name = "x")},
        "ENVS[\"a\"]: images: got \"latest\", want one of": {"a": dict(good, images = "latest")},
        "ENVS[\"a\"]: namespace is missing": {"a": {"images": "built"}},
        "ENVS[\"a\"]: namespace: got \"%s\", want a DNS label" % ("a" * 64): {"a": dict(good, namespace = "a" * 64)},
        "ENVS[\"a\"]: namespace: got \"$USR\", want a DNS label": {"a": dict(good, namespace = "$USR")},
        "ENVS[\"a\"]: namespace: got \"Shop_Prod\", want a DNS label": {"a": dict(good, namespace = "Shop_Prod")},
        "ENVS[\"a\"]: namespace: got \"shop-\", want a DNS label": {"a": dict(good, namespace = "shop-")},
        "ENVS[\"a\"]: rollout: got \"fast\", want one of": {"a": dict(good, rollout = "fast")},
        "ENVS[\"a\"]: image_delivery: got \"pigeon\", want one of": {"a": dict(good, image_delivery = "pigeon")},
        "ENVS[\"a\"]: proof: got True, want one of": {"a": dict(good, proof = True)},
        "ENVS[\"a\"]: proof: got \"required\", and what is built from head has none": {"a": dict(good, proof = "required")},
        "ENVS[\"setup\"]: the name of what prepares a cluster": {"setup": good},
    }.items():
        got = refusal_of_envs(envs) or ""
        asserts.true(env, got.startswith(want), "want %r, got %r" % (want, got))
    return unittest.end(env)

envs_test = unittest.make(_envs_test_impl)

def _action(env, mnemonic):
    actions = [a for a in analysistest.target_actions(env) if a.mnemonic == mnemonic]
    asserts.equals(env, 1, len(actions), "actions " + mnemonic)
    return actions[0]

def _parameters(env):
    """The parameter file of the resolve action, as lines."""
    for action in analysistest.target_actions(env):
        for output in action.outputs.to_list():
            if output.basename.endswith(".params"):
                return action.content.splitlines()
    return _action(env, "K8sResolve").argv

def _resolve_test_impl(ctx):
    env = analysistest.begin(ctx)
    got = " ".join(_parameters(env))
    for want in ctx.attr.want:
        asserts.true(env, want in got, "want %r in %r" % (want, got))
    for unwanted in ctx.attr.unwanted:
        asserts.false(env, unwanted in got, "unwanted %r in %r" % (unwanted, got))
    return analysistest.end(env)

resolve_test = analysistest.make(
    _resolve_test_impl,
    attrs = {"unwanted": attr.string_list(), "want": attr.string_list()},
)

def _request_test_impl(ctx):
    env = analysistest.begin(ctx)
    found = [
        a.content
        for a in analysistest.target_actions(env)
        for o in a.outputs.to_list()
        if o.basename.endswith(ctx.attr.file)
    ]
    asserts.equals(env, 1, len(found))
    request = json.decode(found[0])
    asserts.equals(env, json.decode(ctx.attr.want), {name: request[name] for name in json.decode(ctx.attr.want)})
    return analysistest.end(env)

request_test = analysistest.make(
    _request_test_impl,
    attrs = {"file": attr.string(), "want": attr.string()},
)

def _verb_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    requests = [
        json.decode(a.content)
        for a in analysistest.target_actions(env)
        for o in a.outputs.to_list()
        if o.basename == target.label.name + ".json"
    ]
    asserts.equals(env, [ctx.attr.verb], [request["verb"] for request in requests])
    asserts.equals(env, ctx.attr.images, [image["key"] for request in requests for image in request["images"]])

    # The layer stands for all files of an image: whoever needs none must not build any.
    files = [file.short_path for file in target[DefaultInfo].default_runfiles.files.to_list()]
    layers = [file for file in files if "/layer" in file]
    asserts.equals(env, bool(ctx.attr.images), bool(layers), "image files in the runfiles: %s" % layers)
    manifests = [file for file in files if file.endswith(".resolved.json")]
    asserts.equals(env, 1, len(manifests), "manifests in the runfiles: %s" % manifests)
    return analysistest.end(env)

verb_test = analysistest.make(
    _verb_test_impl,
    attrs = {"images": attr.string_list(), "verb": attr.string()},
)

def _fails_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.text)
    return analysistest.end(env)

fails_test = analysistest.make(_fails_test_impl, attrs = {"text": attr.string()}, expect_failure = True)

def _subjects():
    """Targets to look at."""
    one = _bind()
    manual = {"tags": ["manual"]}
    pin(name = "prod-pins", environment = "prod", lock = "web.pins.json", **manual)
    one.k8s_object(name = "web", env = "myns", images = {"web": ":image"}, kind = "Deployment", src = "web.json", **manual)
    one.k8s_object(name = "prod-web", env = "prod", kind = "Deployment", pinned = ["web"], pins = ":prod-pins", src = "web.json", **manual)
    one.k8s_object(name = "far-web", env = "far", images = {"web": ":image"}, kind = "Deployment", src = "web.json", **manual)
    one.k8s_object(name = "both", env = "prod", images = {"web": ":image"}, kind = "Deployment", pins = ":prod-pins", src = "web.json", **manual)
    one.k8s_object(name = "other-pins", env = "myns", kind = "Deployment", pins = ":prod-pins", src = "web.json", **manual)
    one.k8s_object(name = "no-pins", env = "prod", kind = "Deployment", pinned = ["web"], src = "web.json", **manual)
    one.k8s_object(name = "db", env = "myns", kind = "StatefulSet", src = "web.json", **manual)
    one.k8s_objects(name = "base", group = "db", objects = [":db"], **manual)
    one.k8s_objects(name = "shallow", group = "web", objects = [":web"], **manual)
    one.k8s_objects(name = "deep", deps = [":base"], objects = [":shallow"], **manual)
    one.k8s_objects(name = "Upper", group = "upper", objects = [":db"], **manual)
    one.k8s_objects(name = "mixed", objects = [":web", ":prod-web"], **manual)
    one.k8s_objects(name = "empty", **manual)
    one.k8s_object(name = "shared", env = "setup", kind = "Namespace", src = "web.json", **manual)
    one.k8s_object(name = "own-namespace", env = "setup", kind = "Namespace", namespace_of = "myns", src = "web.json", **manual)
    one.k8s_objects(name = "setup-forth", objects = [":shared", ":own-namespace"], **manual)
    one.k8s_objects(name = "setup-back", objects = [":own-namespace", ":shared"], **manual)
    two = _bind(cluster = "two", registry = "registry.example:443", user = "bob", image_delivery = "node")
    two.k8s_object(name = "two-web", env = "myns", images = {"web": ":image"}, kind = "Deployment", src = "web.json", **manual)

def _request_tests(name):
    """What stands in requests."""
    request_test(
        name = name + "_deep_request",
        file = "deep.json",
        target_under_test = ":deep",
        want = json.encode({
            "cluster": {"context": "one", "id": None, "image_delivery": "registry"},
            "edges": [{"group": "shop/web/myns", "needs": "shop/db/myns"}],
            "images": [],
            "version": 1,
        }),
    )
    request_test(
        name = name + "_other_cluster",
        file = "two-web.apply.json",
        target_under_test = ":two-web.apply",
        want = json.encode({
            "cluster": {"context": "two", "id": None, "image_delivery": "node"},
            "environment": {
                "name": "myns",
                "namespace": "bob",
                "personal": True,
                "proof": "none",
                "protected": False,
                "rollout": "parallel",
            },
            "verb": "apply",
        }),
    )
    request_test(
        name = name + "_own_cluster",
        file = "far-web.json",
        target_under_test = ":far-web",
        want = json.encode({"cluster": {"context": "elsewhere", "id": None, "image_delivery": "node"}}),
    )
    for order in ["forth", "back"]:
        request_test(
            name = "%s_setup_%s" % (name, order),
            file = "setup-%s.json" % order,
            target_under_test = ":setup-" + order,
            want = json.encode({
                "environment": {"name": "setup", "namespace": "", "personal": False, "proof": "none", "protected": False, "rollout": "parallel"},
                "forbidden_namespaces": ["far", "kitchen", "prod"],
            }),
        )

def _verb_tests(name):
    """Each verb's target, and what it has of images."""
    images = {
        "apply": ["web"],
        "create": ["web"],
        "delete": [],
        "diff": [],
        "logs": [],
        "port-forward": [],
        "push": ["web"],
        "replace": ["web"],
        "resolve": [],
        "status": [],
    }
    for verb in VERBS:
        verb_test(
            name = "%s_verb_%s" % (name, verb),
            images = images[verb],
            target_under_test = ":web." + verb,
            verb = verb,
        )
    for verb in GROUP_VERBS:
        verb_test(
            name = "%s_verb_%s" % (name, verb),
            target_under_test = ":shallow." + verb,
            verb = verb,
        )

def k8s_test_suite(name):
    """All tests of these rules.

    Args:
      name: the suite's name.
    """
    _subjects()
    unittest.suite(name + "_unit", envs_test, environment_test, label_text_test)
    resolve_test(
        name = name + "_built",
        target_under_test = ":web",
        want = ["--namespace=alice", "--personal", "--image=web=localhost:5000/shop/web=", "--forbidden-namespace kitchen"],
    )
    resolve_test(
        name = name + "_pinned",
        target_under_test = ":prod-web",
        unwanted = ["--image", "--personal", "--forbidden-namespace"],
        want = ["--namespace=prod", "--pins ", "--pinned=web=localhost:5000/shop/web"],
    )
    resolve_test(
        name = name + "_other_constants",
        target_under_test = ":two-web",
        want = ["--namespace=bob", "--image=web=registry.example:443/shop/web="],
    )
    resolve_test(
        name = name + "_own_registry",
        target_under_test = ":far-web",
        want = ["--image=web=far.example:443/shop/web="],
    )
    _request_tests(name)
    _verb_tests(name)
    for target, text in {
        "both": "got images and pins; an environment's images are built or pinned",
        "empty": "attribute objects: got none, want at least one",
        "mixed": "two environments in one group",
        "no-pins": "attribute pinned: got keys without pins; set pins",
        "other-pins": "attribute pins: got those of prod, want those of myns",
    }.items():
        fails_test(name = "%s_%s_fails" % (name, target), target_under_test = ":" + target, text = text)
