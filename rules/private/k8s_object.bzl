"""The k8s_object rule: one manifest, resolved at build time, that can be applied."""

load("//rules/private/providers:image_info.bzl", "ImageInfo")
load("//rules/private/providers:k8s_object_info.bzl", "K8sObjectInfo")
load("//rules/private/providers:k8s_objects_info.bzl", "K8sObjectsInfo")
load("//rules/private/providers:k8s_policy_info.bzl", "K8sPolicyInfo")
load("//rules/private/providers:pin_info.bzl", "PinInfo")
load(":binding.bzl", "SETUP", "decode_binding")
load(":image_files.bzl", "image_files")
load(":k8s_policy.bzl", "evaluate_policy")
load(":labels.bzl", "label_text")
load(":manifest_tool.bzl", "MANIFEST_ATTRS", "manifest_args", "run_manifest")
load(":policy.bzl", "RECREATE", "RULES", "refusal_of_policy")
load(":request.bzl", "launch", "member")
load(":yaml_to_json.bzl", "YAML_ATTRS", "YAML_FILES", "convert_yaml")

def _repository(binding, key):
    return "%s/%s/%s" % (binding.registry, binding.project, key)

def _image(binding, target, key):
    info = target[ImageInfo]
    return struct(
        label = label_text(target.label),
        key = key,
        repository = _repository(binding, key),
        insecure = binding.registry_scheme == "http",
        files = info,
        descriptor = info.descriptor,
    )

def _json(ctx, file, name):
    """The file, or what becomes of it if it is YAML."""
    if "." + file.extension not in YAML_FILES:
        return file
    converted = ctx.actions.declare_file("%s.%s.json" % (ctx.label.name, name))
    convert_yaml(ctx, file, [("--object", converted)])
    return converted

def _waived_rules(ctx):
    """The rules of windlass that are waived; a policy that is waived is not asked."""
    return [rule for rule in ctx.attr.waivers if rule in RULES]

def _resolve(ctx, binding, images, src):
    """Declares the action that puts digests into the manifest and checks it."""
    environment = binding.environment
    siblings = [_json(ctx, file, "sibling%d" % index) for index, file in enumerate(ctx.files.siblings)]
    output = ctx.actions.declare_file(ctx.label.name + ".resolved.json")
    args = manifest_args(ctx)
    args.add("--label", label_text(ctx.label))
    args.add("--src", src)
    args.add_all(siblings, before_each = "--sibling")
    args.add("--kind", ctx.attr.kind)
    args.add("--environment-name", environment.name)
    args.add("--namespace=" + environment.namespace)
    if environment.personal:
        args.add("--personal")
    if environment.personal_name:
        args.add("--personal-name")
    if environment.forbidden_namespaces:
        args.add_all(environment.forbidden_namespaces, before_each = "--forbidden-namespace")
    inputs = [src] + siblings
    for image in images:
        args.add(image.descriptor, format = "--image=%s=%s=%%s" % (image.key, image.repository))
        inputs.append(image.descriptor)
    if ctx.attr.pins:
        lock = ctx.attr.pins[PinInfo].lock
        args.add("--pins", lock)
        inputs.append(lock)
        for key in ctx.attr.pinned:
            args.add("--pinned=%s=%s" % (key, _repository(binding, key)))
    if environment.images == "pinned" and environment.name != SETUP:
        args.add("--digests")
    args.add_all(_waived_rules(ctx), before_each = "--waive")
    args.add("--out", output)
    run_manifest(ctx, "resolve", args, inputs, output, "K8sResolve", "Resolving %{label}")
    return output

def _messages(ctx, binding, src):
    """What the policies that the object does not waive say of it: list of (name, File)."""
    policies = [policy[K8sPolicyInfo] for policy in ctx.attr.policies]
    return [
        (policy.name, evaluate_policy(ctx, policy, binding, src))
        for policy in policies
        if policy.name not in ctx.attr.waivers
    ]

def _check_schema(ctx, binding, src):
    """Declares the action that checks the manifest by the schema of Kubernetes and by policies.

    As it is rendered: a new image is no reason to check again.
    """
    messages = _messages(ctx, binding, src)
    marker = ctx.actions.declare_file(ctx.label.name + ".checked")
    environment = binding.environment
    crds = [crd[K8sObjectInfo].manifest for crd in ctx.attr.crds]
    args = manifest_args(ctx)
    args.add("--label", label_text(ctx.label))
    args.add("--src", src)
    args.add("--environment-name", environment.name)
    if environment.personal:
        args.add("--user=" + environment.namespace)
    args.add_all(ctx.files.schemas, before_each = "--schema")
    args.add_all(crds, before_each = "--crd")
    args.add_all(_waived_rules(ctx), before_each = "--waive")
    for name, file in messages:
        args.add(file, format = "--messages=%s=%%s" % name)
    args.add("--out", marker)
    inputs = [src] + ctx.files.schemas + crds + [file for _, file in messages]
    run_manifest(ctx, "check", args, inputs, marker, "K8sCheck", "Checking %{label}")
    return marker

def _fail(ctx, attribute, text):
    fail("k8s_object %s: attribute %s: %s" % (label_text(ctx.label), attribute, text))

def _check(ctx, binding):
    if ctx.attr.images and ctx.attr.pins:
        _fail(ctx, "images", "got images and pins; an environment's images are built or pinned, so remove one")
    if ctx.attr.pinned and not ctx.attr.pins:
        _fail(ctx, "pinned", "got keys without pins; set pins")
    if ctx.attr.pins and ctx.attr.pins[PinInfo].environment != binding.environment.name:
        _fail(ctx, "pins", "got those of %s, want those of %s" % (
            ctx.attr.pins[PinInfo].environment,
            binding.environment.name,
        ))
    keys = {}
    for target, key in ctx.attr.images.items():
        if key in keys:
            _fail(ctx, "images", "got key %r for %s and for %s; give each image a key of its own" % (
                key,
                label_text(keys[key]),
                label_text(target.label),
            ))
        keys[key] = target.label
    policies = {}
    for target in ctx.attr.policies:
        name = target[K8sPolicyInfo].name
        if name in policies:
            _fail(ctx, "policies", "got %s and %s; a waiver could not tell them apart, so give one another name" % (
                label_text(policies[name]),
                label_text(target.label),
            ))
        policies[name] = target.label
    refusal = refusal_of_policy(
        externals = ctx.attr.externals,
        ignore_fields = ctx.attr.ignore_fields,
        policies = policies.keys(),
        ready_when = ctx.attr.ready_when,
        waivers = ctx.attr.waivers,
    )
    if refusal:
        _fail(ctx, *refusal)

def _proofs(ctx, binding):
    """What proves the pinned images: a depset of structs, and one of their files."""
    if binding.environment.proof != "required" or not ctx.attr.pins:
        return depset(), depset()
    pins = ctx.attr.pins[PinInfo]
    proof = struct(
        attestations = pins.attestations,
        label = label_text(ctx.attr.pins.label),
        pins = pins.lock,
    )
    return depset([proof]), depset([pins.lock], transitive = [depset(pins.attestations)])

def _k8s_object_impl(ctx):
    binding = decode_binding(ctx.attr.binding)
    _check(ctx, binding)
    images = [_image(binding, target, key) for target, key in ctx.attr.images.items()]
    src = _json(ctx, ctx.file.src, "src")
    manifest = _resolve(ctx, binding, images, src)
    proofs, proof_files = _proofs(ctx, binding)
    files = [file for target in ctx.attr.images for file in image_files(target[ImageInfo])]
    object = K8sObjectInfo(
        kind = ctx.attr.kind,
        label = label_text(ctx.label),
        manifest = manifest,
        policy = struct(
            ignore_fields = tuple(ctx.attr.ignore_fields),
            ready_when = tuple(ctx.attr.ready_when),
            recreate = ctx.attr.recreate,
        ),
        rendered = src,
    )
    id = "%s/%s/%s" % (binding.project, object.label.lstrip("@/").replace(":", "/"), binding.environment.name)
    objects = K8sObjectsInfo(
        binding = binding,
        edges = depset(),
        externals = depset(ctx.attr.externals.keys()),
        given = depset(transitive = [group[K8sObjectsInfo].rendered for group in ctx.attr.cluster_objects]),
        groups = depset([struct(
            id = id,
            label = object.label,
            # One of the objects of a group, applied by itself: nothing else of the group is touched.
            members = "part",
            objects = (member(object),),
        )]),
        image_files = depset(files),
        images = depset(images),
        manifests = depset([manifest]),
        pins = depset([ctx.attr.pins[PinInfo].lock] if ctx.attr.pins else []),
        proof_files = proof_files,
        proofs = proofs,
        rendered = depset([src]),
        tops = (id,),
        unchecked = depset([src]),
    )
    return [
        launch(ctx, "resolve", objects, ctx.attr._deploy),
        OutputGroupInfo(
            manifest = depset([manifest]),
            _validation = depset([_check_schema(ctx, binding, src)] if ctx.files.schemas else []),
        ),
        object,
        objects,
    ]

k8s_object = rule(
    implementation = _k8s_object_impl,
    doc = "One Kubernetes object. Building it resolves its images to digests and checks it; " +
          "running it prints it. `bind` makes the targets that apply it.",
    attrs = MANIFEST_ATTRS | YAML_ATTRS | {
        "binding": attr.string(mandatory = True, doc = "Cluster and environment, as `bind` writes them."),
        "cluster_objects": attr.label_list(
            providers = [K8sObjectsInfo],
            doc = "Objects of setup that the manifest may refer to: storage classes, cluster roles.",
        ),
        "crds": attr.label_list(
            providers = [K8sObjectInfo],
            doc = "Objects that define custom resources, whose kinds the manifest may be of.",
        ),
        "externals": attr.string_dict(
            doc = "What the manifest refers to and others make: `ConfigMap/ca-bundle` -> who makes it. " +
                  "`Pod/app=kafka` is any pod with that label; see docs/checks.md.",
        ),
        "ignore_fields": attr.string_list(
            doc = "Fields that are left to others once the object is there: `spec.replicas` to an autoscaler. " +
                  "Names with `.` between them and [index] or [\"key\"] behind them.",
        ),
        "images": attr.label_keyed_string_dict(
            providers = [ImageInfo],
            doc = "Images built here -> the name by which the manifest calls each (`client`). " +
                  "Image fields that equal it become `registry/project/name@sha256:...`.",
        ),
        "kind": attr.string(mandatory = True, doc = "The manifest's kind; another one in the file is an error."),
        "pinned": attr.string_list(doc = "Names by which the manifest calls images that pins has."),
        "pins": attr.label(providers = [PinInfo], doc = "Where pinned images come from, instead of images."),
        "policies": attr.label_list(
            providers = [K8sPolicyInfo],
            doc = "What the manifest is checked by besides the rules of windlass, as `bind` gives it.",
        ),
        "ready_when": attr.string_list(
            doc = "What must hold, all of it, for the object to be ready, for kinds that Kubernetes itself does not have: " +
                  "`condition=Synced`, `condition=Ready=True`, `jsonpath={.status.phase}=Running`, as `kubectl wait --for` has it.",
        ),
        "recreate": attr.string(
            default = RECREATE[0],
            values = RECREATE,
            doc = "Whether the object may be deleted and made anew: `on-immutable` where a field changes that cannot be " +
                  "changed, else `never`.",
        ),
        "schemas": attr.label_list(
            allow_files = [".json"],
            doc = "What the versions of Kubernetes take that the manifest must suit, as `bind` gives them.",
        ),
        "siblings": attr.label_list(
            allow_files = [".json"] + YAML_FILES,
            doc = "Other manifests of the same service and environment: an image that none of them uses is an error.",
        ),
        "src": attr.label(
            mandatory = True,
            allow_single_file = [".json"] + YAML_FILES,
            doc = "The manifest: one object, as JSON or YAML, from a file or from any rule.",
        ),
        "waivers": attr.string_dict(
            doc = "Rules that the object breaks for a reason: rule -> reason. `deprecated`, `digests`, `latest`, `privileged`, " +
                  "`requests` and the names of policies; see docs/checks.md.",
        ),
        "_deploy": attr.label(cfg = "exec", default = "//tools/deploy", executable = True),
        "_jsonnet": attr.label(cfg = "exec", default = "//tools/jsonnet", executable = True),
    },
    executable = True,
    provides = [K8sObjectInfo, K8sObjectsInfo],
)
