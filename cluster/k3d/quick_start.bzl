"""quick_start: what one set of constants leads to, from the image's name to k3d's command line."""

load("//:cluster_constants.bzl", "CLUSTER", "K3D_NETWORK", "PROJECT", "REGISTRY", "THIRD_PARTY")
load("//rules:jsonnet.bzl", "jsonnet_to_json")
load("//rules:k8s.bzl", "bind")
load(":plan.bzl", "k3d_plan")

def quick_start(name, registry, registry_scheme):
    """A deployment, the registry's objects and k3d's commands, for a registry somewhere.

    Makes `<name>-web` and its verbs, `<name>/registry-service.json`, `<name>/registry-hosting.json`,
    `<name>/registries.yaml` and `<name>/commands.txt`.

    Args:
      name: of the set of constants.
      registry: its REGISTRY.
      registry_scheme: its REGISTRY_SCHEME.
    """
    third_party = {key: image.replace(REGISTRY, registry) for key, image in THIRD_PARTY.items()}
    bound = bind(
        cluster = CLUSTER,
        envs = {"myns": {"images": "built", "namespace": "$USER"}},
        project = PROJECT,
        registry = registry,
        registry_scheme = registry_scheme,
        setup = "//prod:setup.apply",
        third_party = third_party,
        user = "alice",
    )
    bound.k8s_object(
        name = name + "-web",
        env = "myns",
        images = {"web": ":image"},
        kind = "Deployment",
        src = "web.json",
    )
    jsonnet_to_json(
        name = name + "-registry",
        src = "registry.jsonnet",
        outs = ["registry-hosting.json", "registry-service.json"],
        data = ["//prod:registry.libsonnet"],
        multiple_outputs = True,
        out_dir = name,
        params = bound.params("setup", "setup"),
        deps = ["//jsonnet"],
    )
    k3d_plan(
        name = name + "-plan",
        commands = name + "/commands.txt",
        context = CLUSTER,
        network = K3D_NETWORK,
        registries = name + "/registries.yaml",
        registry = registry,
        third_party = third_party,
    )
