"""bind: the rules of Kubernetes objects, tied to one set of constants."""

load(":agent.bzl", "agent_bundle", _agent = "agent")
load(
    ":binding.bzl",
    "SETUP",
    "encode_binding",
    "environment",
    "refusal_of_envs",
    "setup_environment",
)
load(":k8s_bundle.bzl", "k8s_bundle")
load(":k8s_object.bzl", _k8s_object = "k8s_object")
load(":k8s_objects.bzl", _k8s_objects = "k8s_objects")
load(":k8s_orphans.bzl", "k8s_orphans")
load(":k8s_schemas.bzl", "KUBERNETES_VERSIONS", "refusal_of_versions", "schema_labels")
load(":k8s_verb.bzl", "GROUP_VERBS", "VERBS", "k8s_verb")
load(":k8s_worker.bzl", "k8s_worker")
load(":monitoring.bzl", "definition_of", "make_monitoring")
load(":pin_tool.bzl", _pin_tool = "pin_tool")
load(":policy.bzl", "refusal_of_keys")
load(":runner.bzl", "make_runner")
load(":service.bzl", "make_service")
load(":setup.bzl", "make_setup")

_DEFINITION = "CustomResourceDefinition"

def verbs(name, verbs = VERBS, **kwargs):
    """The run targets `<name>.<verb>` of a k8s_object or k8s_objects target.

    They are manual, so that `//...` does not analyse them.

    Args:
      name: the target's name.
      verbs: which.
      **kwargs: attributes that all targets have, such as visibility.
    """
    tags = kwargs.pop("tags", [])
    for verb in verbs:
        k8s_verb(
            name = "%s.%s" % (name, verb),
            objects = ":" + name,
            tags = tags + ["manual"],
            verb = verb,
            **kwargs
        )

def bind(cluster, registry, project, envs, user, setup, cluster_id = "", cluster_objects = [], crds = [], externals = {}, image_delivery = "registry", kubernetes_versions = KUBERNETES_VERSIONS[-1:], main_branch = "main", monitoring = "", policies = [], registry_scheme = "auto", runner_setup = "", system_namespaces = [], third_party = {}):
    """Ties the rules to a repository's constants, in the one .bzl file that its BUILD files load.

    Args:
      cluster: kubeconfig context of the cluster; an environment's own `cluster` goes before it.
      registry: host:port where images are pushed and pulled from; an environment's own goes before it.
      project: first part of every repository and group name.
      envs: dict of environment name -> dict; see cluster_constants.bzl.
      user: USER of @windlass_user//:user.bzl.
      setup: label text of what prepares the cluster, for hints: "//prod:setup.apply".
      cluster_id: uid of the cluster's kube-system namespace; "" where it is not declared.
      cluster_objects: labels of the groups of setup whose objects any environment may refer to: "//prod:cluster". They
        hold nothing of one environment, such as its namespace.
      crds: labels of the k8s_objects that define custom resources: "//prod:widgets". Objects of other kinds than these
        and Kubernetes' own are refused.
      externals: dict of what the clusters have though no manifest here makes it -> who does:
        {"StorageClass/standard-rwo": "GKE"}.
      image_delivery: "registry", or "node" to put images that are built here straight into the one node of a cluster on this
        machine; an environment's own goes before it.
      kubernetes_versions: the minor versions that clusters have, as in ["1.35", "1.36"]: every object must suit each.
      main_branch: the branch that the commits of pins must be on.
      monitoring: label of the package that calls `monitoring`: "//prod/monitoring". Objects of its kinds, such as PrometheusRule,
        are checked by the definitions there; "" where nothing is monitored.
      policies: labels of the k8s_policy targets that every object is checked by: "//policies:owner".
      registry_scheme: "auto" (http for a loopback registry, https for any other) or "http".
      runner_setup: label text of what makes the runner, for hints: "//prod:runner-setup.apply".
      system_namespaces: namespaces of setup's own, which no personal namespace may be.
      third_party: dict of name -> reference of images that are not built here, as `params.third_party`.

    Returns:
      a struct: the macros `agent`, `k8s_object`, `k8s_objects`, `monitoring`, `orphans`, `pin_tool`, `runner`, `service` and `setup`; `params`, a
      function that gives what Jsonnet gets; `namespaces`, a dict of environment -> namespace, a personal one "" where no user is known.
    """
    refusal = refusal_of_envs(envs) or refusal_of_versions(kubernetes_versions)
    if refusal:
        fail(refusal)

    def binding(env, namespace_of = None):
        own = envs.get(env, {})
        if env == SETUP:
            personal = namespace_of != None and envs[namespace_of]["namespace"] == "$USER"
            place = setup_environment(envs, system_namespaces, personal)
        else:
            place = environment(env, envs, user, system_namespaces)
        return encode_binding(
            cluster = own.get("cluster", cluster),
            cluster_id = own.get("cluster_id", cluster_id),
            image_delivery = own.get("image_delivery", image_delivery),
            registry = own.get("registry", registry),
            registry_scheme = registry_scheme,
            project = project,
            setup = setup,
            environment = place,
        )

    def k8s_object(name, env, src, kind, images = {}, pins = None, pinned = [], siblings = [], namespace_of = None, policy = {}, **kwargs):
        """One Kubernetes object and its verbs.

        Args:
          name: the target's name; `<name>.apply` and the other verbs are made beside it.
          env: a key of ENVS, or "setup".
          src: the rendered manifest, JSON or YAML, from any rule.
          kind: its kind.
          images: dict of the name in the manifest -> image target, for images built here.
          pins: a pin target, for images that are pinned.
          pinned: the names in the manifest that pins has.
          siblings: other manifests of the same service and environment.
          namespace_of: for a Namespace of setup: the environment that it is of.
          policy: dict of `externals`, `ignore_fields`, `ready_when`, `recreate` and `waivers`, the attributes of the rule.
          **kwargs: attributes of all targets, such as visibility.
        """
        refusal = refusal_of_keys(policy)
        if refusal:
            fail("k8s_object %r: attribute policy: %s" % (name, refusal))
        _k8s_object(
            name = name,
            binding = binding(env, namespace_of),
            images = {image: key for key, image in images.items()},
            kind = kind,
            pinned = pinned,
            pins = pins,
            # What defines a custom resource can be checked without it.
            crds = [] if kind == _DEFINITION else crds + definition_of(kind, monitoring),
            cluster_objects = [] if env == SETUP else cluster_objects,
            policies = policies,
            schemas = schema_labels(kubernetes_versions),
            siblings = siblings,
            src = src,
            **dict(kwargs, **dict(policy, externals = externals | policy.get("externals", {})))
        )
        verbs(name, **kwargs)

    def k8s_objects(name, objects = [], deps = [], group = "", **kwargs):
        """Objects that are applied in one run, their verbs, `<name>.bundle` and `<name>.worker`.

        Args:
          name: the target's name; `<name>.apply` and the other verbs are made beside it.
          objects: k8s_object and k8s_objects targets, in no order.
          deps: groups that must be ready first.
          group: the name by which the cluster remembers whose the objects are.
          **kwargs: attributes of all targets, such as visibility.
        """
        _k8s_objects(name = name, deps = deps, group = group, objects = objects, **kwargs)
        verbs(name, VERBS + GROUP_VERBS, **kwargs)
        tags = kwargs.pop("tags", [])
        tags = tags + ["manual"]
        k8s_bundle(name = name + ".bundle", objects = ":" + name, tags = tags, **kwargs)
        k8s_worker(
            name = name + ".worker",
            bundle = name + ".bundle",
            objects = ":" + name,
            setup = runner_setup,
            tags = tags,
            **kwargs
        )

    def orphans(name, **kwargs):
        """What services that are gone from the repository have left: `<name>.<environment>` lists it, `-- --delete` deletes it.

        Args:
          name: the first part of the targets' names.
          **kwargs: attributes of all targets, such as visibility.
        """
        tags = kwargs.pop("tags", [])
        for env in envs.keys() + [SETUP]:
            k8s_orphans(
                name = "%s.%s" % (name, env),
                binding = binding(env),
                tags = tags + ["manual"],
                **kwargs
            )

    def pin_tool(name, **kwargs):
        """The tool that changes, verifies and lists pins. Hints call it `//tools/pin`: have an alias of that name.

        Args:
          name: the target's name.
          **kwargs: more attributes of the target, such as visibility.
        """
        _pin_tool(
            name = name,
            images = {env: own["images"] for env, own in envs.items()},
            main_branch = main_branch,
            project = project,
            protected = [env for env, own in envs.items() if own.get("protected", False)],
            proven = [env for env, own in envs.items() if own.get("proof") == "required"],
            registries = {env: own["registry"] for env, own in envs.items() if "registry" in own},
            registry = registry,
            registry_scheme = registry_scheme,
            **kwargs
        )

    def agent(name, targets = {}, pause_file = "prod/paused.json", **kwargs):
        """The tool that publishes and applies what the main branch says. Hints call it `//tools/agent`: have an alias of that name.

        Makes `<name>`, and `<name>.bundle`, which is the same for a machine without Bazel, and a layer.

        Args:
          name: the target's name.
          targets: dict of environment -> the targets that are applied there: ["//services/client:prod-deep"]. Only environments
            whose images are pinned.
          pause_file: the file that says what is not to be applied.
          **kwargs: more attributes of the targets, such as visibility.
        """
        _agent(
            name = name,
            bindings = [binding(env) for env, own in envs.items() if own["images"] == "pinned"],
            main_branch = main_branch,
            pause_file = pause_file,
            project = project,
            registry_scheme = registry_scheme,
            targets = targets,
            **kwargs
        )
        tags = kwargs.pop("tags", [])
        agent_bundle(name = name + ".bundle", agent = ":" + name, tags = tags + ["manual"], **kwargs)

    namespaces = {
        name: user if env["namespace"] == "$USER" else env["namespace"]
        for name, env in envs.items()
    }

    def repositories(env, keys):
        own = envs[env]
        if not own.get("protected", False):
            return {}
        return {key: "%s/%s/%s" % (own.get("registry", registry), project, key) for key in keys}

    def repository(key):
        return "%s/%s/%s" % (registry, project, key)

    def params(env, service):
        """What Jsonnet gets as `params` in one environment: `jsonnet_to_json(params = params(env, name))`.

        Args:
          env: a key of ENVS, or "setup".
          service: the service's name.

        Returns:
          JSON text.
        """
        own = envs.get(env, {})
        return json.encode({
            "environment": {
                "name": env,
                "namespace": namespaces.get(env, ""),
                "personal": own.get("namespace") == "$USER",
                "protected": own.get("protected", False),
            },
            "environments": envs.keys(),
            "project": project,
            "registry": own.get("registry", registry),
            "service": service,
            "third_party": third_party,
        })

    return struct(
        agent = agent,
        k8s_object = k8s_object,
        k8s_objects = k8s_objects,
        monitoring = make_monitoring(k8s_object, k8s_objects, params, third_party),
        namespaces = namespaces,
        orphans = orphans,
        params = params,
        pin_tool = pin_tool,
        runner = make_runner(
            cluster_id = cluster_id,
            envs = envs,
            k8s_object = k8s_object,
            k8s_objects = k8s_objects,
            namespaces = namespaces,
            params = params,
            project = project,
            registry = registry,
        ),
        service = make_service(
            envs = envs,
            insecure = registry_scheme == "http",
            k8s_object = k8s_object,
            k8s_objects = k8s_objects,
            monitoring = monitoring,
            params = params,
            repositories = repositories,
            repository = repository,
        ),
        setup = make_setup(
            envs = envs,
            k8s_object = k8s_object,
            k8s_objects = k8s_objects,
            namespaces = namespaces,
            params = params,
        ),
    )
