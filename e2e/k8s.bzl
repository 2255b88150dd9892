"""The rules bound for users of tests: what $USER would bind, for a name that stands here."""

load("//:cluster_constants.bzl", "CLUSTER", "ENVS", "PROJECT", "REGISTRY", "SYSTEM_NAMESPACES", "THIRD_PARTY")
load("//rules:jsonnet.bzl", "jsonnet_to_json")
load("//rules:k8s.bzl", "bind")

def bound_for(name):
    """The rules as they are for a user.

    Args:
      name: the user's name.

    Returns:
      what `bind` gives.
    """
    return bind(
        cluster = CLUSTER,
        envs = {"myns": ENVS["myns"]},
        project = PROJECT,
        registry = REGISTRY,
        setup = "//prod:setup.apply",
        system_namespaces = SYSTEM_NAMESPACES,
        third_party = THIRD_PARTY,
        user = name,
    )

def user_stack(name):
    """Setup and a service of one user.

    Makes `setup` (what //prod:setup is when this user runs it) and the targets of a service `hello`.

    Args:
      name: the user's name.
    """
    bound = bound_for(name = name)
    jsonnet_to_json(
        name = "namespace-rendered",
        src = "//prod:namespace.jsonnet",
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
