"""Tests of k8s_bundle: what is in a bundle, and where its image goes."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:image.bzl", "image_push")
load("//rules:k8s.bzl", "k8s_bundle")
load(":k8s_test.bzl", "fails_test")

def _written(env, ending):
    """The text of a file that is written in analysis, by the end of its name."""
    found = [
        action.content
        for action in analysistest.target_actions(env)
        for output in action.outputs.to_list()
        if output.basename.endswith(ending)
    ]
    asserts.equals(env, 1, len(found), ending)
    return json.decode(found[0]) if found else {}

def _archives(env):
    """What the two archives hold, in the order of their names: path -> File of the sources, by its short path."""
    archives = {}
    for action in analysistest.target_actions(env):
        if action.mnemonic != "ImageLayer":
            continue
        blob = [file.basename for file in action.outputs.to_list() if ".tar." in file.basename][0]
        arguments = action.argv
        archives[blob] = {
            arguments[at + 1]: arguments[at + 3]
            for at, argument in enumerate(arguments)
            if argument == "--file"
        }
    return archives

def _bundle_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    request = _written(env, ".request.json")
    asserts.equals(env, "bundle", request["started"])
    asserts.equals(env, "apply", request["verb"])
    asserts.equals(env, "//rules/tests/k8s:deep", request["target"])
    asserts.equals(env, ctx.attr.images, [image["key"] for image in request["images"]])

    # What a build tells is the tarball alone: rules take it as one file.
    name = target.label.name
    asserts.equals(env, [name + ".tar.gz"], [file.basename for file in target[DefaultInfo].files.to_list()])

    archives = _archives(env)
    asserts.equals(env, [name + ".layer.tar.gz", name + ".tar.gz"], sorted(archives))
    layer = archives[name + ".layer.tar.gz"]
    tarball = dict(archives[name + ".tar.gz"])
    program = tarball.pop("/windlass")
    asserts.equals(env, layer, tarball)

    asserts.true(env, program.endswith("/bundle_program"), "got " + program)
    paths = [path.removeprefix("/windlass.runfiles/_main/rules/tests/k8s/") for path in layer]
    for want in ["/windlass.json", "db.resolved.json", "web.resolved.json"]:
        asserts.true(env, want in paths, "want %s in %s" % (want, paths))
    blobs = [path for path in paths if path.endswith("layer.layer.tar.gz")]
    asserts.equals(env, len(ctx.attr.images), len(blobs), "layers of images in %s" % paths)
    asserts.equals(env, ctx.attr.repository, _written(env, name + ".json")["repository"])
    return analysistest.end(env)

bundle_test = analysistest.make(
    _bundle_test_impl,
    attrs = {"images": attr.string_list(), "repository": attr.string()},
)

def _process_test_impl(ctx):
    env = analysistest.begin(ctx)
    action = [action for action in analysistest.target_actions(env) if action.mnemonic == "ImageManifest"][0]
    for want in ["--entrypoint=/windlass", "--cmd=apply", "65532:65532"]:
        asserts.true(env, want in action.argv, "want %s in %s" % (want, action.argv))
    layers = [action.argv[at + 1] for at, argument in enumerate(action.argv) if argument == "--layer"]
    asserts.equals(env, ["bundle_layer.layer.json", "deep.bundle.layer.metadata.json"], [layer.split("/")[-1] for layer in layers])
    return analysistest.end(env)

process_test = analysistest.make(_process_test_impl)

def bundle_test_suite(name):
    """All tests of bundles; the objects are those of k8s_test.

    Args:
      name: the suite's name.
    """
    manual = {"tags": ["manual"]}
    k8s_bundle(name = "offline", objects = ":deep", repository = "ghcr.io/acme/deep", with_images = True, **manual)
    k8s_bundle(name = "pinned-offline", objects = ":prod-web", with_images = True, **manual)
    k8s_bundle(name = "to-nowhere", objects = ":deep", repository = "Acme", **manual)
    k8s_bundle(name = "unnamed", objects = ":Upper", **manual)

    # An image as any other.
    image_push(name = "bundle-push", image = ":deep.bundle", repository = "ghcr.io/acme/deep", **manual)
    bundle_test(
        name = name + "_tool_and_manifests",
        repository = "localhost:5000/shop/bundles/rules/tests/k8s/deep",
        target_under_test = ":deep.bundle",
    )
    bundle_test(
        name = name + "_with_images",
        images = ["web"],
        repository = "ghcr.io/acme/deep",
        target_under_test = ":offline",
    )
    process_test(name = name + "_process", target_under_test = ":deep.bundle")
    for target, text in {
        "pinned-offline": "attribute with_images: got True, want False: no image of prod is built here; its registry has them",
        "to-nowhere": "attribute repository: got \"Acme\", want registry/path in lower case",
        "unnamed": "attribute repository: got none, and \"localhost:5000/shop/bundles/rules/tests/k8s/Upper\", " +
                   "which is made of the label, is no repository; set repository",
    }.items():
        fails_test(name = "%s_%s_fails" % (name, target), target_under_test = ":" + target, text = text)
