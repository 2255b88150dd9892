"""The rules bound for a shop, with a registry that tests can serve and one that they cannot."""

load("//rules:k8s.bzl", "bind")

def bound(cluster = "shop", cluster_id = "", image_delivery = "registry", registry = "localhost:5000", registry_scheme = "auto"):
    """What `bind` gives.

    Args:
      cluster: kubeconfig context.
      cluster_id: uid of the cluster.
      image_delivery: how images come to nodes.
      registry: host:port of images.
      registry_scheme: how it is spoken to.
    """
    return bind(
        cluster = cluster,
        cluster_id = cluster_id,
        envs = {"shop": {"images": "built", "namespace": "shop"}},
        image_delivery = image_delivery,
        project = "shop",
        registry = registry,
        registry_scheme = registry_scheme,
        setup = "//x:setup.apply",
        user = "alice",
    )

def diamond():
    """`top` needs `left` and `right`, which both need `base`; `top` and `left` have the same image."""
    shop = bound()
    manual = {"tags": ["manual"]}
    shop.k8s_object(name = "namespace", env = "setup", kind = "Namespace", namespace_of = "shop", src = "namespace.json", **manual)
    shop.k8s_objects(name = "setup", group = "namespace", objects = [":namespace"], **manual)
    kinds = {"base": "Service", "left": "Deployment", "right": "Secret", "top": "Deployment"}
    needs = {"left": ["base"], "right": ["base"], "top": ["left", "right"]}
    for name, kind in kinds.items():
        shop.k8s_object(
            name = name + "-object",
            env = "shop",
            images = {"web": ":image"} if kind == "Deployment" else {},
            kind = kind,
            src = name + ".json",
            **manual
        )
        shop.k8s_objects(
            name = name,
            deps = [":" + need for need in needs.get(name, [])],
            group = name,
            objects = [":%s-object" % name],
            **manual
        )
