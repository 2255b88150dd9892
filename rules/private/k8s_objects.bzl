"""The k8s_objects rule: objects that are applied in one run, and what must be ready first."""

load("//rules/private/providers:k8s_object_info.bzl", "K8sObjectInfo")
load("//rules/private/providers:k8s_objects_info.bzl", "K8sObjectsInfo")
load(":binding.bzl", "same_environment")
load(":closure.bzl", "check_closure")
load(":labels.bzl", "label_text")
load(":manifest_tool.bzl", "MANIFEST_ATTRS")
load(":request.bzl", "launch", "member")

def _check_environments(ctx, members):
    first = members[0]
    for member in members[1:]:
        if not same_environment(first[K8sObjectsInfo].binding, member[K8sObjectsInfo].binding):
            fail("k8s_objects %s: attribute objects: two environments in one group: %s is of %s, %s is of %s; make a group for each" % (
                label_text(ctx.label),
                label_text(first.label),
                _place(first),
                label_text(member.label),
                _place(member),
            ))

def _place(target):
    binding = target[K8sObjectsInfo].binding
    return "%s on %s" % (binding.environment.name, binding.cluster)

def _own_group(ctx, binding):
    """The group of the members that are single objects, or None."""
    objects = [t[K8sObjectInfo] for t in ctx.attr.objects if K8sObjectInfo in t]
    if not objects:
        return None
    label = label_text(ctx.label)
    name = ctx.attr.group or label.lstrip("@/").replace(":", "/")
    return struct(
        id = "%s/%s/%s" % (binding.project, name, binding.environment.name),
        label = label,
        members = "all",
        objects = tuple([member(o) for o in objects]),
    )

def _k8s_objects_impl(ctx):
    members = ctx.attr.objects + ctx.attr.deps
    if not members:
        fail("k8s_objects %s: attribute objects: got none, want at least one" % label_text(ctx.label))
    _check_environments(ctx, members)
    binding = members[0][K8sObjectsInfo].binding
    own = _own_group(ctx, binding)
    inner = [t[K8sObjectsInfo] for t in ctx.attr.objects if K8sObjectInfo not in t]
    needed = [t[K8sObjectsInfo] for t in ctx.attr.deps]
    tops = tuple(([own.id] if own else []) + [top for i in inner for top in i.tops])

    # A target of deps alone stands for these.
    stands_for = tops or tuple([top for n in needed for top in n.tops])
    edges = [
        struct(group = top, needs = need)
        for top in tops
        for n in needed
        for need in n.tops
    ]

    infos = [t[K8sObjectsInfo] for t in members]
    grouped = inner + needed
    externals = depset(transitive = [i.externals for i in infos])
    unchecked = depset(transitive = [i.unchecked for i in infos])
    info = K8sObjectsInfo(
        binding = binding,
        edges = depset(edges, transitive = [i.edges for i in grouped]),
        externals = depset() if grouped else externals,
        given = depset(transitive = [i.given for i in infos]),
        groups = depset(
            [own] if own else [],
            transitive = [i.groups for i in needed + inner],
            order = "postorder",
        ),
        image_files = depset(transitive = [i.image_files for i in infos]),
        images = depset(transitive = [i.images for i in infos]),
        manifests = depset(transitive = [i.manifests for i in infos]),
        pins = depset(transitive = [i.pins for i in infos]),
        proof_files = depset(transitive = [i.proof_files for i in infos]),
        proofs = depset(transitive = [i.proofs for i in infos]),
        rendered = depset(transitive = [i.rendered for i in infos]),
        tops = stands_for,
        # Objects alone may refer to what only a group of their group knows. What is checked here is not
        # checked above, where its externals would hold for objects that do not have them.
        unchecked = depset() if grouped else unchecked,
    )
    closed = [check_closure(ctx, info, unchecked, externals)] if grouped and unchecked else []
    return [
        launch(ctx, "resolve", info, ctx.attr._deploy),
        OutputGroupInfo(_validation = depset(closed)),
        info,
    ]

k8s_objects = rule(
    implementation = _k8s_objects_impl,
    doc = "Objects, and groups of objects, that are applied in one run. The order of members means nothing; " +
          "deps are groups that must be ready first. Where any of them is a group, building it checks that what " +
          "the objects refer to is there.",
    attrs = MANIFEST_ATTRS | {
        "deps": attr.label_list(
            providers = [K8sObjectsInfo],
            doc = "Groups that must be ready before these objects are.",
        ),
        "group": attr.string(
            doc = "The name by which the cluster remembers whose the objects are: it survives a move of the package. " +
                  "The target's own package and name where empty.",
        ),
        "objects": attr.label_list(
            providers = [K8sObjectsInfo],
            doc = "k8s_object and k8s_objects targets, in no order.",
        ),
        "_deploy": attr.label(cfg = "exec", default = "//tools/deploy", executable = True),
    },
    executable = True,
    provides = [K8sObjectsInfo],
)
