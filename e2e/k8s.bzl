"""The rules bound for users of tests: what $USER would bind, for a name that stands here."""

load("//:cluster_constants.bzl", "CLUSTER", "ENVS", "PROJECT", "REGISTRY", "SYSTEM_NAMESPACES", "THIRD_PARTY")
load("//rules:jsonnet.bzl", "jsonnet_to_json")
load("//rules:k8s.bzl", "bind")

def bound_for(user, rollout = "parallel", image_delivery = "registry", crds = [], monitoring = ""):
    """The rules as they are for a user.

    Args:
      user: the user's name.
      rollout: in what order groups are rolled out.
      image_delivery: how images come to the node.
      crds: what defines custom resources.
      monitoring: the package that has what watches the cluster.

    Returns:
      what `bind` gives.
    """
    return bind(
        cluster = CLUSTER,
        cluster_objects = ["//prod:cluster"],
        crds = crds,
        envs = {"myns": dict(ENVS["myns"], rollout = rollout)},
        image_delivery = image_delivery,
        monitoring = monitoring,
        project = PROJECT,
        registry = REGISTRY,
        runner_setup = "//e2e/runner:runner.apply",
        setup = "//prod:setup.apply",
        system_namespaces = SYSTEM_NAMESPACES,
        third_party = THIRD_PARTY,
        user = user,
    )

def user_stack(name):
    """Setup and a service of one user.

    Makes `setup` (what //prod:setup is when this user runs it) and the targets of a service `hello`.

    Args:
      name: the user's name.
    """
    bound = bound_for(user = name)
    jsonnet_to_json(
        name = "namespace-rendered",
        src = "//rules/private:namespace.jsonnet",
        outs = ["namespace.json"],
        multiple_outputs = True,
        out_dir = "setup.rendered",
        params = bound.params("myns", "setup"),
        deps = ["//jsonnet"],
    )
    bound.k8s_object(
        name = "namespace",
        src = "setup.rendered/namespace.json",
        env = "setup",
        kind = "Namespace",
        namespace_of = "myns",
        visibility = ["//e2e:__pkg__"],
    )
    bound.service(
        name = "hello",
        src = "//e2e:hello.jsonnet",
        outputs = {"deployment.json": "Deployment"},
        images = {"client": "//services/client:image"},
        visibility = ["//e2e:__pkg__"],
    )
    bound.k8s_objects(
        name = "setup",
        group = "namespace/" + name,
        objects = [
            ":namespace",
            "//prod:cluster",
        ],
        visibility = ["//e2e:__pkg__"],
    )

def variant(name, group, images, outputs, deps = [], image_delivery = "registry", policy = {}, rollout = "parallel", src = "app.jsonnet", **kwargs):
    """A group of alice's as it is at one time: another variant of the same group is what becomes of it.

    Args:
      name: the target's name; its objects are `<name>-<file>`.
      group: the name by which the cluster remembers it.
      images: dict of the name in the manifests -> image target.
      outputs: dict of file name -> kind.
      deps: variants that must be ready first.
      image_delivery: how images come to the node.
      policy: that of its Deployment.
      rollout: in what order groups are rolled out.
      src: the Jsonnet file.
      **kwargs: its arguments besides `params`, each a string; `called` is the group's name if not given.
    """
    bound = bound_for(user = "alice", image_delivery = image_delivery, rollout = rollout)
    jsonnet_to_json(
        name = name + "-rendered",
        src = src,
        outs = outputs.keys(),
        data = native.glob(["*.jsonnet"], exclude = [src]),
        multiple_outputs = True,
        out_dir = name + ".rendered",
        params = bound.params("myns", group),
        tla_strs = {"called": group} | kwargs,
        deps = ["//jsonnet"],
    )
    objects = {"%s-%s" % (name, file.removesuffix(".json")): file for file in outputs}
    for object, file in objects.items():
        bound.k8s_object(
            name = object,
            src = "%s.rendered/%s" % (name, file),
            env = "myns",
            images = images,
            kind = outputs[file],
            policy = policy if outputs[file] == "Deployment" else {},
            siblings = [name + "-rendered"],
        )
    bound.k8s_objects(
        name = name,
        group = group,
        objects = objects.keys(),
        visibility = ["//e2e:__subpackages__"],
        deps = deps,
    )
