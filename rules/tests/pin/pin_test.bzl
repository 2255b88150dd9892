"""Tests of pin, pin_tool, and service where images are pinned."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("//rules:k8s.bzl", "bind")
load("//rules/private:service.bzl", "refusal_of_service")
load("//rules/tests/k8s:policy_test.bzl", "members_test")

ENVS = {
    "prod": {"namespace": "prod", "images": "pinned", "proof": "required", "protected": True},
    "dev": {"namespace": "dev", "images": "pinned", "registry": "registry.example"},
    "myns": {"namespace": "$USER", "images": "built"},
}

def _bind(**kwargs):
    return bind(
        cluster = "one",
        envs = ENVS,
        project = "shop",
        registry = "localhost:5000",
        setup = "//x:setup.apply",
        user = "alice",
        **kwargs
    )

# --- what a service refuses, while its package is loaded --------------------------------------------

def _refusal(**kwargs):
    good = {
        "envs": ENVS,
        "has_service": False,
        "images": {"front": ":image"},
        "name": "shop",
        "package": "services/shop",
        "pins": "pins.json",
    }
    return refusal_of_service(**dict(good, **kwargs))

def _service_test_impl(ctx):
    env = unittest.begin(ctx)
    built = {"myns": ENVS["myns"]}
    asserts.equals(env, None, _refusal())

    # Without images of its own, or where none is pinned, a service needs no lock file.
    asserts.equals(env, None, _refusal(images = {}, pins = None))
    asserts.equals(env, None, _refusal(envs = built, pins = None))
    asserts.equals(
        env,
        "service \"shop\": attribute pins: got none, and images of prod, dev are pinned; set pins = \"pins.json\"",
        _refusal(pins = None),
    )
    asserts.equals(
        env,
        "service \"shop\": package services/shop has a service already; put this one in a package of its own",
        _refusal(has_service = True),
    )
    return unittest.end(env)

service_test = unittest.make(_service_test_impl)

# --- what actions are given -------------------------------------------------------------------------

def _arguments(env, mnemonic):
    """The parameter file of the action with this mnemonic, as one text with a space for each line end."""
    for action in analysistest.target_actions(env):
        for output in action.outputs.to_list():
            if output.basename.endswith(".params"):
                return " ".join(action.content.splitlines())
    for action in analysistest.target_actions(env):
        if action.mnemonic == mnemonic:
            return " ".join(action.argv)
    return ""

def _action_test_impl(ctx):
    env = analysistest.begin(ctx)
    got = _arguments(env, ctx.attr.mnemonic)
    for want in ctx.attr.want:
        asserts.true(env, want in got, "want %r in %r" % (want, got))
    for unwanted in ctx.attr.unwanted:
        asserts.false(env, unwanted in got, "unwanted %r in %r" % (unwanted, got))
    inputs = [
        file.basename
        for action in analysistest.target_actions(env)
        if action.mnemonic == ctx.attr.mnemonic
        for file in action.inputs.to_list()
    ]
    for want in ctx.attr.inputs:
        asserts.true(env, want in inputs, "want input %r in %r" % (want, inputs))
    for unwanted in ctx.attr.no_inputs:
        asserts.false(env, unwanted in inputs, "unwanted input %r" % unwanted)
    return analysistest.end(env)

action_test = analysistest.make(
    _action_test_impl,
    attrs = {
        "inputs": attr.string_list(),
        "mnemonic": attr.string(mandatory = True),
        "no_inputs": attr.string_list(),
        "unwanted": attr.string_list(),
        "want": attr.string_list(),
    },
)

def _request_test_impl(ctx):
    env = analysistest.begin(ctx)
    found = [
        action.content
        for action in analysistest.target_actions(env)
        for output in action.outputs.to_list()
        if output.basename.endswith(".json")
    ]
    asserts.equals(env, 1, len(found))
    asserts.equals(env, json.decode(ctx.attr.want), json.decode(found[0]))
    return analysistest.end(env)

request_test = analysistest.make(_request_test_impl, attrs = {"want": attr.string()})

# --- what a pinned environment depends on -----------------------------------------------------------

_ClosureInfo = provider(
    doc = "The rules that a target depends on, without the tools that its actions and run targets use.",
    fields = {"kinds": "depset[str]: the kinds of these rules, the target's own included"},
)

def _targets(value):
    if type(value) == "Target":
        return [value]
    if type(value) == "list":
        return [item for item in value if type(item) == "Target"]
    if type(value) == "dict":
        return [item for item in value.keys() if type(item) == "Target"]
    return []

def _closure_impl(_target, ctx):
    dependencies = [
        dependency[_ClosureInfo].kinds
        for name in dir(ctx.rule.attr)
        if not name.startswith("_")
        for dependency in _targets(getattr(ctx.rule.attr, name))
        if _ClosureInfo in dependency
    ]
    return [_ClosureInfo(kinds = depset([ctx.rule.kind], transitive = dependencies))]

_closure = aspect(
    implementation = _closure_impl,
    attr_aspects = ["*"],
    doc = "Collects what a target depends on.",
)

def _closure_test_impl(ctx):
    env = analysistest.begin(ctx)
    kinds = analysistest.target_under_test(env)[_ClosureInfo].kinds.to_list()
    compiles = [kind for kind in kinds if kind.startswith("rust_") or kind == "image"]
    asserts.equals(env, ctx.attr.compiles, bool(compiles), "kinds %r" % kinds)

    # It has gone all the way to the sources.
    asserts.true(env, "jsonnet_library" in kinds, "kinds %r" % kinds)
    return analysistest.end(env)

closure_test = analysistest.make(
    _closure_test_impl,
    attrs = {"compiles": attr.bool()},
    extra_target_under_test_aspects = [_closure],
)

def _fails_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.text)
    return analysistest.end(env)

fails_test = analysistest.make(_fails_test_impl, attrs = {"text": attr.string()}, expect_failure = True)

def _subjects():
    """Targets to look at: a service, and what a BUILD file could get wrong."""
    bound = _bind()
    manual = {"tags": ["manual"]}
    bound.service(
        name = "shop",
        src = "shop.jsonnet",
        images = {"front": ":front-image", "proxy": ":proxy-image"},
        outputs = {"front.json": "Pod", "proxy.json": "Pod"},
        pins = "shop.pins.json",
        policies = {"front.json": {"recreate": "on-immutable"}},
        **manual
    )
    bound.k8s_object(
        name = "pins-of-another",
        src = "dev.rendered/front.json",
        env = "dev",
        kind = "Pod",
        pinned = ["front"],
        pins = ":prod-pins",
        **manual
    )
    bound.pin_tool(name = "pin", **manual)
    _bind(main_branch = "trunk", registry_scheme = "http").pin_tool(name = "pin-http", **manual)

def _request_tests(name):
    """What a service says of its files goes with their objects, pinned or built; what the tool is told."""
    for target, insecure in {"pin": False, "pin-http": True}.items():
        request_test(
            name = "%s_%s_request" % (name, target),
            target_under_test = ":" + target,
            want = json.encode({
                "environments": [
                    {"images": "pinned", "name": "prod", "protected": True, "proven": True, "registry": "localhost:5000"},
                    {"images": "pinned", "name": "dev", "protected": False, "proven": False, "registry": "registry.example"},
                    {"images": "built", "name": "myns", "protected": False, "proven": False, "registry": "localhost:5000"},
                ],
                "insecure": insecure,
                "main_branch": "trunk" if insecure else "main",
                "project": "shop",
                "version": 3,
            }),
        )
    plain = {"ignore_fields": [], "ready_when": [], "recreate": "never"}
    for env in ["prod", "myns"]:
        members_test(
            name = "%s_%s_policies" % (name, env),
            target_under_test = ":%s-shallow" % env,
            want = json.encode({
                env + "-front": dict(plain, recreate = "on-immutable"),
                env + "-proxy": plain,
            }),
        )

def pin_test_suite(name):
    """All tests of pins.

    Args:
      name: the suite's name.
    """
    _subjects()
    unittest.suite(name + "_unit", service_test)

    # The lock file may have pins of pinned environments and of the service's images, and no others.
    action_test(
        name = name + "_pins",
        inputs = ["shop.pins.json"],
        mnemonic = "K8sPins",
        target_under_test = ":prod-pins",
        unwanted = ["myns"],
        want = [
            "--label //rules/tests/pin:prod-pins ",
            "--environment-name prod ",
            "--known-environment prod --known-environment dev ",
            "--known-image front --known-image proxy ",
            # Protected: it runs what is where the constants say.
            "--repository front=localhost:5000/shop/front --repository proxy=localhost:5000/shop/proxy ",
        ],
    )
    action_test(
        name = name + "_pins_not_protected",
        mnemonic = "K8sPins",
        target_under_test = ":dev-pins",
        unwanted = ["--repository"],
        want = ["--environment-name dev "],
    )

    # A pin of another environment does not make this one's manifests anew; an image key is looked for in
    # all files of the service.
    action_test(
        name = name + "_resolve_pinned",
        inputs = ["prod-pins.json"],
        mnemonic = "K8sResolve",
        no_inputs = ["shop.pins.json"],
        target_under_test = ":prod-front",
        unwanted = ["--image"],
        want = [
            "--pinned=front=localhost:5000/shop/front",
            "--pinned=proxy=localhost:5000/shop/proxy",
            "prod.rendered/proxy.json",
        ],
    )
    action_test(
        name = name + "_resolve_own_registry",
        mnemonic = "K8sResolve",
        target_under_test = ":dev-front",
        want = ["--pinned=front=registry.example/shop/front"],
    )
    action_test(
        name = name + "_resolve_built",
        mnemonic = "K8sResolve",
        no_inputs = ["shop.pins.json"],
        target_under_test = ":myns-front",
        unwanted = ["--pin"],
        want = ["--image=front=localhost:5000/shop/front=", "--image=proxy=localhost:5000/shop/proxy="],
    )
    for env, built in {"dev": False, "myns": True, "prod": False}.items():
        for group in ["deep", "shallow"]:
            closure_test(
                name = "%s_%s_%s_closure" % (name, env, group),
                compiles = built,
                target_under_test = ":%s-%s" % (env, group),
            )
    fails_test(
        name = name + "_pins_of_another_fails",
        target_under_test = ":pins-of-another",
        text = "attribute pins: got those of prod, want those of dev",
    )
    _request_tests(name)
