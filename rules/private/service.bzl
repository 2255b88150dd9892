"""service: the loop over the environments that a BUILD file would otherwise spell out."""

load(":image_push.bzl", "image_push")
load(":jsonnet_to_json.bzl", "jsonnet_to_json")
load(":k8s_dev.bzl", "k8s_dev")
load(":labels.bzl", "label_text")
load(":pin.bzl", "pin")
load(":policy.bzl", "refusal_of_policies")
load(":service_monitoring.bzl", "refusal_of_monitoring", "service_monitoring")

def _sibling(dep, target):
    """The target of another service: `//services/server` -> `//services/server:<target>`."""
    return native.package_relative_label(dep).same_package_label(target)

def _pinned(envs):
    """The environments whose images are those of the lock file."""
    return [env for env in envs if envs[env]["images"] == "pinned"]

def refusal_of_service(name, package, has_service, envs, images, pins):
    """Why a service cannot be made.

    Args:
      name: the service's name.
      package: the package that it is in.
      has_service: whether the package has one already.
      envs: ENVS.
      images: dict of image key to image target.
      pins: the lock file, or None.

    Returns:
      a text that says what to do; None where all is well.
    """
    if has_service:
        return "service %r: package %s has a service already; put this one in a package of its own" % (name, package)
    pinned = _pinned(envs)
    if pinned and images and not pins:
        return "service %r: attribute pins: got none, and images of %s are pinned; set pins = \"pins.json\"" % (
            name,
            ", ".join(pinned),
        )
    return None

def _pushes(images, insecure, repository, common):
    """Makes what pushes images, by their keys."""
    tags = common.get("tags", []) + ["manual"]
    for key, image in images.items():
        image_push(
            name = key + ".push",
            image = image,
            insecure = insecure,
            repository = repository(key),
            **dict(common, tags = tags)
        )

def _dev(env, common):
    """Makes what applies the deep group whenever a source is saved."""
    k8s_dev(
        name = env + ".dev",
        apply = label_text(native.package_relative_label(env + "-deep.apply")),
        **dict(common, tags = common.get("tags", []) + ["manual"])
    )

def make_service(envs, insecure, k8s_object, k8s_objects, monitoring, params, repositories, repository):
    """The `service` macro of one binding.

    Args:
      envs: ENVS.
      insecure: whether to speak plain http to a registry that is not this machine.
      k8s_object: the bound macro.
      k8s_objects: the bound macro.
      monitoring: label of the package that has what watches a cluster, or "".
      params: function(env, service) that gives what the service's Jsonnet gets.
      repositories: function(env, keys) that gives where pinned images must be: image key -> repository.
      repository: function(key) that gives where the image of a key goes.

    Returns:
      the macro.
    """

    monitored = monitoring

    def service(name, src, outputs, images = {}, pins = None, deps = [], data = [], jsonnet_deps = [], monitoring = None, policies = {}, visibility = ["//visibility:public"], **kwargs):
        """A service in every environment.

        Makes, for each ENV of ENVS: `ENV-rendered` (the manifests as Jsonnet gives them), `ENV-<file>` (a
        k8s_object for each output), `ENV-shallow` (the service's own objects) and `ENV-deep` (these and the
        deep groups of its deps), the last three with verbs; for each pinned image, `KEY.push`. Where images are built,
        `ENV.dev`, which applies `ENV-deep` whenever a source is saved; with `monitoring`, `ENV-monitoring`. Each can be made by hand.

        Args:
          name: the service's name; `name` itself builds the manifests of all environments.
          src: the Jsonnet file: a function of params that gives {file name: manifest}.
          outputs: dict of file name -> kind of the manifest in it.
          images: dict of the name in the manifests -> image target.
          pins: the lock file with the images of environments whose images are pinned. What proves them is in the
            folder `attestations` beside it.
          deps: labels of the services that this one calls: `["//services/server"]`.
          data: files that the Jsonnet imports.
          jsonnet_deps: jsonnet_library targets besides windlass's own.
          monitoring: the Jsonnet file that gives `dashboard.json`, `monitor.json` and `rules.json`: docs/monitoring.md.
          policies: dict of file name -> policy of its object: `{"deployment.json": {"ignore_fields": ["spec.replicas"]}}`.
          visibility: of all targets.
          **kwargs: attributes of all targets, such as tags.
        """
        refusal = refusal_of_service(
            name = name,
            package = native.package_name(),
            has_service = native.existing_rule(envs.keys()[0] + "-shallow") != None,
            envs = envs,
            images = images,
            pins = pins,
        ) or refusal_of_policies(name, outputs, policies) or refusal_of_monitoring(name, monitoring, monitored)
        if refusal:
            fail(refusal)
        common = dict(kwargs, visibility = visibility)
        pinned = _pinned(envs) if images else []
        for env in envs:
            rendered = env + "-rendered"
            jsonnet_to_json(
                name = rendered,
                src = src,
                data = data,
                multiple_outputs = True,
                out_dir = env + ".rendered",
                outs = outputs.keys(),
                params = params(env, name),
                rendered = {
                    _sibling(dep, rendered): label_text(native.package_relative_label(dep))
                    for dep in deps
                },
                deps = [Label("//jsonnet")] + jsonnet_deps,
                keep_deps = {Label("//jsonnet"): "each service may import it"},
                **common
            )
            if env in pinned:
                pin(
                    name = env + "-pins",
                    attestations = native.glob(["attestations/*.json"], allow_empty = True),
                    environment = env,
                    environments = pinned,
                    images = images.keys(),
                    lock = pins,
                    repositories = repositories(env, images.keys()),
                    **common
                )
            objects = []
            for file, kind in outputs.items():
                object = "%s-%s" % (env, file.removesuffix(".json"))
                k8s_object(
                    name = object,
                    env = env,
                    images = {} if env in pinned else images,
                    kind = kind,
                    pinned = images.keys() if env in pinned else [],
                    pins = env + "-pins" if env in pinned else None,
                    policy = policies.get(file, {}),
                    siblings = [rendered],
                    src = "%s.rendered/%s" % (env, file),
                    **common
                )
                objects.append(object)
            k8s_objects(name = env + "-shallow", group = name, objects = objects, **common)
            k8s_objects(
                name = env + "-deep",
                objects = [env + "-shallow"],
                deps = [_sibling(dep, env + "-deep") for dep in deps],
                **common
            )
            service_monitoring(env, name, monitoring, data, jsonnet_deps, params, k8s_object, k8s_objects, common)
            if env not in _pinned(envs):
                _dev(env, common)
        _pushes(images if pinned else {}, insecure, repository, common)
        native.filegroup(name = name, srcs = [env + "-shallow" for env in envs], **common)

    return service
