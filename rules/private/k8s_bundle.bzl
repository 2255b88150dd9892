"""The k8s_bundle rule: objects, with all that applies them."""

load("//rules/private/providers:image_info.bzl", "ImageInfo")
load("//rules/private/providers:k8s_objects_info.bzl", "K8sObjectsInfo")
load("//rules/private/providers:layer_info.bzl", "LayerInfo")
load("//tools/lib/runfiles:runfiles.bzl", "runfile")
load(":image_files.bzl", "TOOL_ATTRS", "oci_layout")
load(":image_platform.bzl", "PLATFORM_ATTRS")
load(":image_push.bzl", "push_launcher")
load(":labels.bzl", "label_text")
load(":layer_action.bzl", "make_layer")
load(":manifest_action.bzl", "make_manifest")
load(":platform_transition.bzl", "platform_transition")
load(":reference.bzl", "REPOSITORY", "bundle_repository", "is_repository")
load(":refusal.bzl", "refuser")
load(":request.bzl", "write_request")

# The tool's name in a bundle. What it reads is beside it, by the rules for run targets.
_PROGRAM = "/windlass"

_refuse = refuser("k8s_bundle")

def _placed(file):
    return ["--file", "%s.runfiles/%s" % (_PROGRAM, runfile(file)), "0644", file.path]

def _archive(ctx, name, request, files, program = None):
    """Declares the action that packs the request and the files it names, and the tool where it is given."""
    metadata = ctx.actions.declare_file(name + ".metadata.json")
    args = ctx.actions.args()
    if program:
        args.add_all("--file", [_PROGRAM, "0755", program])
    args.add_all("--file", [_PROGRAM + ".json", "0644", request])

    # A folder made by an action goes in as one.
    args.add_all(files, map_each = _placed, expand_directories = False)
    own = [request] + ([program] if program else [])
    return make_layer(ctx, args, depset(own, transitive = [files]), name, metadata = metadata)

def _add_process(args):
    args.add(_PROGRAM, format = "--entrypoint=%s")
    args.add("--cmd=apply")
    args.add("--user", "65532:65532")

def _image(ctx, request_layer):
    """The tool, and on top of it what it reads: the layer with the tool is the same for all bundles."""

    tool_layer = ctx.attr._layer[LayerInfo]
    layers = [struct(blob = layer.blob, metadata = layer.metadata) for layer in [tool_layer, request_layer]]
    return make_manifest(ctx, process = _add_process, layers = tuple(layers), rule_name = "k8s_bundle")

def _repository(ctx, binding):
    if ctx.attr.repository:
        if not is_repository(ctx.attr.repository):
            _refuse(ctx, "repository", ctx.attr.repository, REPOSITORY)
        return ctx.attr.repository
    repository = bundle_repository(binding.registry, binding.project, ctx.attr.objects.label)
    if not is_repository(repository):
        fail("k8s_bundle %s: attribute repository: got none, and %r, which is made of the label, is no repository; set repository" % (
            label_text(ctx.label),
            repository,
        ))
    return repository

def _impl(ctx):
    objects = ctx.attr.objects
    info = objects[K8sObjectsInfo]
    binding = info.binding
    if ctx.attr.with_images and not info.images:
        _refuse(ctx, "with_images", True, "False: no image of %s is built here; its registry has them" % binding.environment.name)
    images = info.images if ctx.attr.with_images else depset()
    request = ctx.actions.declare_file(ctx.label.name + ".request.json")
    write_request(ctx, request, "apply", info, label_text(objects.label), images, started = "bundle")
    files = depset(transitive = [
        info.manifests,
        info.proof_files,
        info.image_files if ctx.attr.with_images else depset(),
    ])

    tarball = _archive(ctx, ctx.label.name, request, files, ctx.files._program[0])
    image = _image(ctx, _archive(ctx, ctx.label.name + ".layer", request, files))
    run = push_launcher(
        ctx,
        image,
        ctx.label,
        _repository(ctx, binding),
        binding.registry_scheme == "http",
        files = depset([tarball.blob]),
    )
    return [
        run,
        OutputGroupInfo(oci_layout = depset([oci_layout(ctx, image)])),
        image,
    ]

k8s_bundle = rule(
    implementation = _impl,
    doc = """Objects with the tool that applies them: for places that have neither Bazel nor the sources.

Building it makes `<name>.tar.gz`: unpacked anywhere, `./windlass apply` does what `<objects>.apply` does. It is an
image as well, whose entrypoint is that program: `image_push`, `image_index` and `k8s_object` take it as any other,
and `--output_groups=oci_layout` builds its layout directory. Running it pushes the image, and prints its reference.

The same objects give the same bytes, whichever commit and folder they are built from. `docs/bundles.md`.
""",
    attrs = PLATFORM_ATTRS | TOOL_ATTRS | {
        "objects": attr.label(
            mandatory = True,
            providers = [K8sObjectsInfo],
            doc = "A k8s_objects or k8s_object target.",
        ),
        "repository": attr.string(
            doc = "Where running it pushes the image; `<registry>/<project>/bundles/<package>/<objects>` if not given.",
        ),
        "with_images": attr.bool(
            doc = "Images that are built here go with it, and `apply` pushes them. Those of pinned environments are in " +
                  "their registry already; so are layers of base images.",
        ),
        "_layer": attr.label(default = "//tools/deploy:bundle_layer", providers = [LayerInfo]),
        "_program": attr.label(default = "//tools/deploy:bundle_program"),
    },
    cfg = platform_transition,
    executable = True,
    fragments = ["platform"],
    provides = [ImageInfo],
)
