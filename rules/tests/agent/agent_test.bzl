"""Tests of agent and agent_bundle: what the tool is told, and what is copied to other machines."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:k8s.bzl", "bind")

def _bind(**kwargs):
    return bind(
        cluster = "shop",
        envs = {
            "prod": {"namespace": "shop-prod", "images": "pinned", "proof": "required", "protected": True},
            "dev": {"cluster": "lab", "cluster_id": "3f9c21", "namespace": "shop-dev", "images": "pinned", "registry": "registry.example"},
            "myns": {"namespace": "$USER", "images": "built"},
        },
        project = "shop",
        registry = "localhost:5000",
        setup = "//prod:setup.apply",
        user = "alice",
        **kwargs
    )

def _request_test_impl(ctx):
    env = analysistest.begin(ctx)
    found = [
        action.content
        for action in analysistest.target_actions(env)
        for output in action.outputs.to_list()
        if output.basename == ctx.attr.target_under_test.label.name + ".json"
    ]
    asserts.equals(env, 1, len(found))
    asserts.equals(env, json.decode(ctx.attr.want), json.decode(found[0]))
    return analysistest.end(env)

_request_test = analysistest.make(_request_test_impl, attrs = {"want": attr.string()})

def _bundle_test_impl(ctx):
    env = analysistest.begin(ctx)
    action = [action for action in analysistest.target_actions(env) if action.mnemonic == "ImageLayer"][0]
    arguments = action.argv
    files = {
        arguments[at + 1]: (arguments[at + 2], arguments[at + 3].split("/")[-1])
        for at, argument in enumerate(arguments)
        if argument == "--file"
    }
    asserts.equals(env, {
        "/agent": ("0755", "static_program"),
        "/agent.json": ("0644", "agent.json"),
        "/windlass-agent@.service": ("0644", "windlass-agent@.service"),
    }, files)

    # Rules take it as one file; a layer is what images take it as.
    target = analysistest.target_under_test(env)
    asserts.equals(env, ["agent.bundle.tar.gz"], [file.basename for file in target[DefaultInfo].files.to_list()])
    return analysistest.end(env)

_bundle_test = analysistest.make(_bundle_test_impl)

def _fails_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.want)
    return analysistest.end(env)

_fails_test = analysistest.make(_fails_test_impl, attrs = {"want": attr.string()}, expect_failure = True)

def agent_test_suite(name):
    """All tests of agents.

    Args:
      name: the suite's name.
    """
    manual = {"tags": ["manual"]}
    _bind().agent(name = "agent", targets = {"prod": ["//shop:prod-deep"]}, **manual)
    _bind(main_branch = "trunk", registry_scheme = "http").agent(name = "agent-http", pause_file = "paused.json", **manual)
    _bind().agent(name = "agent-built", targets = {"myns": ["//shop:myns-deep"]}, **manual)

    # Only what is pinned has releases.
    for target, own in {"agent": False, "agent-http": True}.items():
        _request_test(
            name = "%s_%s_request" % (name, target),
            target_under_test = ":" + target,
            want = json.encode({
                "version": 1,
                "project": "shop",
                "insecure": own,
                "main_branch": "trunk" if own else "main",
                "pause_file": "paused.json" if own else "prod/paused.json",
                "environments": [
                    {
                        "name": "prod",
                        "namespace": "shop-prod",
                        "registry": "localhost:5000",
                        "protected": True,
                        "proof": "required",
                        "cluster": "shop",
                        "cluster_id": None,
                        "targets": [] if own else ["//shop:prod-deep"],
                    },
                    {
                        "name": "dev",
                        "namespace": "shop-dev",
                        "registry": "registry.example",
                        "protected": False,
                        "proof": "none",
                        "cluster": "lab",
                        "cluster_id": "3f9c21",
                        "targets": [],
                    },
                ],
            }),
        )
    _bundle_test(
        name = name + "_bundle",
        target_under_test = ":agent.bundle",
    )
    _fails_test(
        name = name + "_built_fails",
        target_under_test = ":agent-built",
        want = "attribute targets: got environment \"myns\", want one of [\"prod\", \"dev\"]",
    )
