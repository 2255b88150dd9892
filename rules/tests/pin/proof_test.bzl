"""Tests of what proves pinned images: the files of a service, in the requests that need them."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")

def _proofs_test_impl(ctx):
    env = analysistest.begin(ctx)
    requests = [
        json.decode(action.content)
        for action in analysistest.target_actions(env)
        for output in action.outputs.to_list()
        if output.basename.endswith(".json")
    ]
    asserts.equals(env, [ctx.attr.proof], [request["environment"]["proof"] for request in requests])
    want = []
    folder = "_main/rules/tests/pin/"
    if ctx.attr.proofs:
        want = [{
            "attestations": [folder + "attestations/" + "0" * 64 + ".json"],
            "label": "//rules/tests/pin:prod-pins",
            "pins": folder + "prod-pins.json",
        }]
    asserts.equals(env, [want], [request["proofs"] for request in requests])
    runfiles = analysistest.target_under_test(env)[DefaultInfo].default_runfiles.files.to_list()
    files = ["_main/" + file.short_path for file in runfiles]
    for file in [folder + "attestations/" + "0" * 64 + ".json", folder + "prod-pins.json"]:
        asserts.equals(env, ctx.attr.proofs, file in files, "%s in %s" % (file, files))
    return analysistest.end(env)

proofs_test = analysistest.make(
    _proofs_test_impl,
    attrs = {"proof": attr.string(), "proofs": attr.bool()},
)

def _commits_test_impl(ctx):
    env = analysistest.begin(ctx)
    actions = analysistest.target_actions(env)
    files = [(action, file) for action in actions for file in action.outputs.to_list()]
    requests = [json.decode(action.content) for action, file in files if file.basename.endswith(".json")]
    pins = "rules/tests/pin/prod-pins.json"
    want = ["_main/" + pins] if ctx.attr.commits else []
    asserts.equals(env, [want], [request["pins"] for request in requests])
    runfiles = analysistest.target_under_test(env)[DefaultInfo].default_runfiles.files.to_list()
    asserts.equals(env, ctx.attr.commits, pins in [file.short_path for file in runfiles])
    return analysistest.end(env)

commits_test = analysistest.make(_commits_test_impl, attrs = {"commits": attr.bool()})

def proof_test_suite(name):
    """Who is given what proves images: who writes them, where proof is required. And who is given pins to tell commits.

    Args:
      name: the suite's name.
    """
    for target, (proof, proofs) in {
        "dev-deep.apply": ("none", False),
        "prod-deep.apply": ("required", True),
        "prod-front.apply": ("required", True),
        "prod-shallow.create": ("required", True),
        "prod-shallow.delete": ("required", False),
        "prod-shallow.diff": ("required", False),
        "prod-shallow.push": ("required", False),
        "prod-shallow.replace": ("required", True),
    }.items():
        proofs_test(
            name = "%s_%s" % (name, target),
            proof = proof,
            proofs = proofs,
            target_under_test = ":" + target,
        )
    for verb, commits in {"graph": True, "status": False}.items():
        commits_test(
            name = "%s_commits_%s" % (name, verb),
            commits = commits,
            target_under_test = ":prod-deep." + verb,
        )
