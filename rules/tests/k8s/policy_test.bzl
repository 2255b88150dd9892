"""Tests of what an object's owner says of it beside its manifest."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules:k8s.bzl", "bind")
load("//rules/private:policy.bzl", "RULES", "parse_path", "refusal_of_keys", "refusal_of_policies", "refusal_of_policy")

def _path_test_impl(ctx):
    env = unittest.begin(ctx)
    for text, want in {
        "$ref": ["$ref"],
        "a[\"x\"][\"y\"][10]": ["a", "x", "y", 10],
        "metadata.annotations[\"a.b/c\"]": ["metadata", "annotations", "a.b/c"],
        "spec.a[0].b": ["spec", "a", 0, "b"],
        "spec.replicas": ["spec", "replicas"],
    }.items():
        asserts.equals(env, want, parse_path(text), text)
    for text in [
        "",
        ".a",
        "a.",
        "a..b",
        "a b",
        "a[",
        "a[]",
        "a[x]",
        "a[01]",
        "a[\"\"]",
        "a[\"x",
        "a[\"x\"",
        "a[\"x\"b]",
        "a[\"\\n\"]",
        "a]",
        "a[0]b",
        "a[0].",
        "[0]",
    ]:
        asserts.equals(env, None, parse_path(text), text)
    return unittest.end(env)

path_test = unittest.make(_path_test_impl)

def _fields_test_impl(ctx):
    env = unittest.begin(ctx)
    own = "which holds what the object is and whose it is; name another field"
    for text, want in {
        "apiVersion": own,
        "kind": own,
        "metadata": own,
        "metadata.annotations": own,
        "metadata.annotations[\"windlass.dev/object\"]": own,
        "metadata.labels": own,
        "metadata[\"name\"]": own,
        "metadata.namespace": own,
        "spec..replicas": "got \"spec..replicas\", want names with `.` between them",
    }.items():
        attribute, got = refusal_of_policy([text], []) or ("", "")
        asserts.equals(env, "ignore_fields", attribute, text)
        asserts.true(env, want in got, "%s: want %r, got %r" % (text, want, got))
    for text in ["metadata.labels[\"team\"]", "metadata.names", "spec", "spec.replicas", "webhooks[0].clientConfig.caBundle"]:
        asserts.equals(env, None, refusal_of_policy([text], []), text)
    return unittest.end(env)

fields_test = unittest.make(_fields_test_impl)

def _ready_test_impl(ctx):
    env = unittest.begin(ctx)
    for text in [
        "condition=Ready",
        "condition=Synced=False",
        "condition=example.com/Up",
        "jsonpath={.status.phase}",
        "jsonpath={.status.phase}=Running",
        "jsonpath={.status.parts[0][\"a}\"]}=x}y",
    ]:
        asserts.equals(env, None, refusal_of_policy([], [text]), text)
    for text in [
        "Ready",
        "condition=",
        "condition=Ready=",
        "condition=Ready=yes",
        "delete",
        "jsonpath=.status",
        "jsonpath={.status",
        "jsonpath={.status}=",
        "jsonpath={.status[?(@.a==1)]}",
        "jsonpath={status}",
    ]:
        attribute, got = refusal_of_policy([], [text]) or ("", "")
        asserts.equals(env, "ready_when", attribute, text)
        asserts.true(env, got.startswith("got %r, want condition=TYPE" % text), got)
    return unittest.end(env)

ready_test = unittest.make(_ready_test_impl)

def _waivers_test_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, None, refusal_of_policy([], [], {rule: "it has to" for rule in RULES}))
    for waivers, want in [
        ({"latests": "why"}, "got \"latests\", want one of [\"deprecated\", \"digests\", \"latest\", \"privileged\", \"requests\"]"),
        ({"latest": ""}, "got no reason for \"latest\"; say why, for those who read it later"),
        ({"latest": "  "}, "got no reason for \"latest\"; say why, for those who read it later"),
    ]:
        asserts.equals(env, ("waivers", want), refusal_of_policy([], [], waivers))
    return unittest.end(env)

waivers_test = unittest.make(_waivers_test_impl)

def _keys_test_impl(ctx):
    env = unittest.begin(ctx)
    policy = {"ignore_fields": [], "ready_when": [], "recreate": "never", "waivers": {}}
    asserts.equals(env, None, refusal_of_keys(policy))
    asserts.equals(env, None, refusal_of_policies("web", {"a.json": "Secret"}, {"a.json": policy}))
    asserts.equals(
        env,
        "got key \"ignore\", want one of [\"externals\", \"ignore_fields\", \"ready_when\", \"recreate\", \"waivers\"]",
        refusal_of_keys({"ignore": []}),
    )
    asserts.equals(
        env,
        "service \"web\": attribute policies: got file \"b.json\", want one of outputs: [\"a.json\"]",
        refusal_of_policies("web", {"a.json": "Secret"}, {"b.json": {}}),
    )
    asserts.equals(
        env,
        "service \"web\": attribute policies: a.json: got key \"recreat\", want one of " +
        "[\"externals\", \"ignore_fields\", \"ready_when\", \"recreate\", \"waivers\"]",
        refusal_of_policies("web", {"a.json": "Secret"}, {"a.json": {"recreat": "never"}}),
    )
    return unittest.end(env)

keys_test = unittest.make(_keys_test_impl)

def _members_test_impl(ctx):
    """The members of each group in the request, without what is not of their policy."""
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    requests = [
        json.decode(action.content)
        for action in analysistest.target_actions(env)
        for output in action.outputs.to_list()
        if output.basename == target.label.name + ".json"
    ]
    asserts.equals(env, 1, len(requests))
    got = {
        member["label"].rpartition(":")[2]: {key: member[key] for key in ["ignore_fields", "ready_when", "recreate"]}
        for request in requests
        for group in request["groups"]
        for member in group["objects"]
    }
    asserts.equals(env, json.decode(ctx.attr.want), got)
    return analysistest.end(env)

members_test = analysistest.make(_members_test_impl, attrs = {"want": attr.string()})

def _fails_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.text)
    return analysistest.end(env)

fails_test = analysistest.make(_fails_test_impl, attrs = {"text": attr.string()}, expect_failure = True)

def policy_test_suite(name):
    """All tests of policies.

    Args:
      name: the suite's name.
    """
    one = bind(
        cluster = "one",
        envs = {"far": {"images": "built", "namespace": "far"}},
        project = "shop",
        registry = "localhost:5000",
        setup = "//x:setup.apply",
        user = "alice",
    )
    policy = {
        "ignore_fields": ["spec.replicas", "metadata.annotations[\"a/b\"]"],
        "ready_when": ["condition=Synced=True"],
        "recreate": "on-immutable",
    }
    plain = {"ignore_fields": [], "ready_when": [], "recreate": "never"}
    common = {"kind": "Deployment", "env": "far", "src": "web.json", "tags": ["manual"]}
    unittest.suite(name + "_unit", fields_test, keys_test, path_test, ready_test, waivers_test)
    one.k8s_object(name = "policy-set", policy = policy, **common)
    one.k8s_object(name = "policy-plain", **common)
    one.k8s_objects(name = "policy-group", objects = [":policy-set", ":policy-plain"], tags = ["manual"])
    for target, want in {
        "policy-group": {"policy-plain": plain, "policy-set": policy},
        "policy-set": {"policy-set": policy},
    }.items():
        members_test(name = "%s_%s" % (name, target), target_under_test = ":" + target, want = json.encode(want))
    for target, (attributes, text) in {
        "field": ({"ignore_fields": ["spec..a"]}, "attribute ignore_fields: got \"spec..a\", want names with"),
        "form": ({"ready_when": ["Ready"]}, "attribute ready_when: got \"Ready\", want condition=TYPE"),
        "name": ({"ignore_fields": ["metadata.name"]}, "attribute ignore_fields: got \"metadata.name\", which holds"),
        "twice": ({"ignore_fields": ["spec.a", "spec.a"]}, "attribute ignore_fields: got \"spec.a\" twice; remove one"),
    }.items():
        one.k8s_object(name = "policy-" + target, policy = attributes, **common)
        fails_test(name = "%s_%s_fails" % (name, target), target_under_test = ":policy-" + target, text = text)
