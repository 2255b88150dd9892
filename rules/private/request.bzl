"""The request of a run target: the JSON file beside the launcher.

It is written when the target is built, not when it is analysed: depsets stay depsets.
"""

load("//tools/lib/runfiles:launcher.bzl", "declare_request", "launcher")
load("//tools/lib/runfiles:runfiles.bzl", "runfile")
load(":image_files.bzl", "image_paths")
load(":labels.bzl", "label_text")

# The version of the request's schema: the tool refuses another.
VERSION = 1

# Verbs whose run pushes images first; the others need none built into their runfiles.
PUSHES = ["apply", "create", "push", "replace", "worker"]

# Verbs whose run asks for proof of pinned images, where the environment requires it.
_PROVES = ["apply", "create", "replace"]

# Verbs whose run says which commits images are of.
_TELLS_COMMITS = ["graph"]

def member(object):
    """An object as a group carries it.

    Args:
      object: K8sObjectInfo.

    Returns:
      a struct that may stand in a depset.
    """
    return struct(label = object.label, kind = object.kind, manifest = object.manifest, policy = object.policy)

def _group_as(group, path):
    return json.encode(struct(
        id = group.id,
        label = group.label,
        members = group.members,
        objects = [
            struct(
                label = o.label,
                kind = o.kind,
                manifest = path(o.manifest),
                ignore_fields = o.policy.ignore_fields,
                ready_when = o.policy.ready_when,
                recreate = o.policy.recreate,
            )
            for o in group.objects
        ],
    ))

def _group(group):
    return _group_as(group, runfile)

def _exec_path(file):
    return file.path

def _group_in_action(group):
    return _group_as(group, _exec_path)

def _edge(edge):
    return json.encode(edge)

def image_request(image):
    """An image as the tool reads it.

    Args:
      image: a struct as K8sObjectsInfo has them: label, key, repository, insecure, and files, which is ImageInfo.

    Returns:
      a struct for `json.encode`.
    """
    return struct(
        label = image.label,
        key = image.key,
        repository = image.repository,
        insecure = image.insecure,
        files = image_paths(image.files, runfile),
    )

def _image(image):
    return json.encode(image_request(image))

def _proof(proof):
    return json.encode(struct(
        label = proof.label,
        pins = runfile(proof.pins),
        attestations = [runfile(file) for file in proof.attestations],
    ))

def _pins(file):
    return json.encode(runfile(file))

def _list(args, name, depset, map_each, end):
    args.add_joined(
        depset,
        join_with = ",\n  ",
        map_each = map_each,
        format_joined = "\"%s\": [\n  %%s\n]%s" % (name, end),
        omit_if_empty = False,
        allow_closure = False,
    )

def write_request(ctx, output, verb, info, target, images, started = "bazel", worker = None, in_action = False):
    """Declares the action that writes a request.

    Args:
      ctx: the rule's context.
      output: the File to write.
      verb: what the tool is to do, one of VERBS in k8s_verb.bzl.
      info: K8sObjectsInfo.
      target: label text of the objects' target.
      images: depset of the images to push, of info or none.
      started: "bazel", or "bundle" where the verb is given when the tool is started.
      worker: struct: what the runner of a cluster is asked to apply; of the verb `worker`.
      in_action: whether an action reads it, which finds files where they are built, and not among runfiles.
    """
    binding = info.binding
    environment = binding.environment
    args = ctx.actions.args()
    args.set_param_file_format("multiline")
    args.add("{")
    for name, value in {
        "version": VERSION,
        "verb": verb,
        "started": started,
        "target": target,
        "environment": struct(
            name = environment.name,
            namespace = environment.namespace,
            personal = environment.personal,
            proof = environment.proof,
            rollout = environment.rollout,
            protected = environment.protected,
        ),
        "forbidden_namespaces": environment.forbidden_namespaces,
        "cluster": struct(
            context = binding.cluster,
            id = binding.cluster_id or None,
            image_delivery = binding.image_delivery,
        ),
        "project": binding.project,
        "setup": binding.setup,
        "worker": worker,
    }.items():
        args.add("%s: %s," % (json.encode(name), json.encode(value)))
    _list(args, "groups", info.groups, _group_in_action if in_action else _group, ",")
    _list(args, "edges", info.edges, _edge, ",")
    _list(args, "images", images, _image, ",")
    _list(args, "pins", info.pins if verb in _TELLS_COMMITS else depset(), _pins, ",")
    _list(args, "proofs", info.proofs if verb in _PROVES else depset(), _proof, "")
    args.add("}")
    ctx.actions.write(output, args)

def launch(ctx, verb, info, tool, worker = None, files = []):
    """Declares a launcher: a link to the tool, its request beside it.

    Args:
      ctx: the rule's context.
      verb: what the tool is to do.
      info: K8sObjectsInfo.
      tool: the deploy tool's attribute.
      worker: as `write_request` takes it.
      files: list of Files that `worker` names.

    Returns:
      DefaultInfo of an executable.
    """
    request = declare_request(ctx)
    pushes = verb in PUSHES
    target = label_text(ctx.label).removesuffix("." + verb)
    write_request(ctx, request, verb, info, target, info.images if pushes else depset(), worker = worker)
    runfiles = ctx.runfiles(
        files = files,
        transitive_files = depset(transitive = [
            info.manifests,
            info.image_files if pushes else depset(),
            info.proof_files if verb in _PROVES else depset(),
            info.pins if verb in _TELLS_COMMITS else depset(),
        ]),
    )
    return launcher(ctx, tool, request, runfiles, outputs = info.manifests)
