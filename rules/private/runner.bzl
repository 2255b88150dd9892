"""runner: what a cluster needs to apply bundles by itself, with the rights of an account of each environment."""

load(":binding.bzl", "SETUP")
load(":jsonnet_to_json.bzl", "jsonnet_to_json")
load(":k8s_roles.bzl", "k8s_roles")
load(":labels.bzl", "label_text")
load(":reference.bzl", "bundle_repository")

# Of the cluster: file -> kind.
_CLUSTER = {
    "account.json": "ServiceAccount",
    "asking-role.json": "ClusterRole",
    "definition.json": "CustomResourceDefinition",
    "deployment.json": "Deployment",
    "namespace.json": "Namespace",
    "role-binding.json": "ClusterRoleBinding",
    "role.json": "ClusterRole",
}

_POLICIES = ["asking", "running", "token"]

# Of each environment: file -> kind.
_ENVIRONMENT = {
    "account-role-binding.json": "RoleBinding",
    "account-role.json": "Role",
    "account.json": "ServiceAccount",
    "asking-role-binding.json": "RoleBinding",
    "runner-role-binding.json": "RoleBinding",
    "runner-role.json": "Role",
} | {
    "%s-policy.json" % name: "ValidatingAdmissionPolicy"
    for name in _POLICIES
} | {
    "%s-policy-binding.json" % name: "ValidatingAdmissionPolicyBinding"
    for name in _POLICIES
}

def _elsewhere(cluster_id, proof):
    """Where else the account has rights: it reads who the cluster is, and whom it trusts."""
    namespaces = (["kube-system"] if cluster_id else []) + (["windlass-system"] if proof == "required" else [])
    return {
        "account-role%s-in-%s.json" % (part, namespace): kind
        for namespace in namespaces
        for part, kind in {"": "Role", "-binding": "RoleBinding"}.items()
    }

def refusal_of_targets(name, targets, envs):
    """Why a runner cannot be made.

    Args:
      name: the runner's name.
      targets: dict of environment -> list of labels.
      envs: ENVS.

    Returns:
      a text that says what to do; None where all is well.
    """
    for env, groups in targets.items():
        if env not in envs:
            return "runner %r: attribute targets: got environment %r, want one of %s" % (name, env, envs.keys())
        if not groups:
            return "runner %r: attribute targets: got no group of %r, want at least one; remove the environment" % (name, env)
    return None

def make_runner(project, envs, namespaces, registry, cluster_id, k8s_object, k8s_objects, params):
    """The `runner` macro of one binding.

    Args:
      project: first part of every repository.
      envs: ENVS.
      namespaces: dict of environment -> namespace; "" where no user is known.
      registry: host:port; an environment's own goes before it.
      cluster_id: uid of the cluster's kube-system namespace, or ""; an environment's own goes before it.
      k8s_object: the bound macro.
      k8s_objects: the bound macro.
      params: function(env, service) that gives what Jsonnet gets.

    Returns:
      the macro.
    """

    def group(name, group, src, files, images, **kwargs):
        """Objects of setup that Jsonnet renders."""
        common = {key: kwargs.pop(key) for key in ["tags", "visibility"] if key in kwargs}
        jsonnet_to_json(
            name = name + "-rendered",
            src = src,
            outs = files.keys(),
            multiple_outputs = True,
            out_dir = name + ".rendered",
            deps = [Label("//jsonnet")],
            **(common | kwargs)
        )
        for file, kind in files.items():
            k8s_object(
                name = "%s-%s" % (name, file.removesuffix(".json")),
                src = "%s.rendered/%s" % (name, file),
                env = SETUP,
                images = images if kind == "Deployment" else {},
                kind = kind,
                **common
            )
        k8s_objects(
            name = name,
            group = group,
            objects = ["%s-%s" % (name, file.removesuffix(".json")) for file in files],
            **common
        )

    def runner(name, targets, developers = "windlass:developers", **kwargs):
        """The runner of a cluster, and what it is in each environment: `bazel run //prod:<name>.apply`, by an administrator.

        Makes `<name>`, a group of `<name>-cluster` and of `<name>-<environment>` for each environment. An environment
        whose namespace is that of a user is left out where no user is known. docs/runner.md.

        Args:
          name: the target's name.
          targets: dict of environment -> labels of the groups that its account may apply, and that may be asked for:
            `{"prod": ["//services/client:prod-deep"]}`.
          developers: the group of users who may ask for it, as the API server knows them.
          **kwargs: attributes of all targets, such as visibility.
        """
        refusal = refusal_of_targets(name, targets, envs)
        if refusal:
            fail(refusal)
        group(
            name = name + "-cluster",
            group = "runner",
            src = Label("//tools/runner:cluster.jsonnet"),
            files = _CLUSTER,
            images = {"windlass-runner": Label("//tools/runner:image")},
            params = params(SETUP, "runner"),
            **kwargs
        )
        served = [env for env in targets if namespaces[env]]
        for env in served:
            own = envs[env]
            labels = [native.package_relative_label(target) for target in targets[env]]
            roles = "%s-%s-roles" % (name, env)
            k8s_roles(name = roles, objects = labels, **kwargs)
            group(
                name = "%s-%s" % (name, env),
                group = "runner/" + namespaces[env],
                src = Label("//tools/runner:environment.jsonnet"),
                files = _ENVIRONMENT | _elsewhere(own.get("cluster_id", cluster_id), own.get("proof", "none")),
                images = {},
                params = params(env, "runner"),
                tla_code = {
                    "targets": json.encode({
                        label_text(label): bundle_repository(own.get("registry", registry), project, label)
                        for label in labels
                    }),
                },
                tla_code_files = {":" + roles: "roles"},
                tla_strs = {"developers": developers},
                **kwargs
            )
        k8s_objects(
            name = name,
            objects = [":%s-cluster" % name] + [":%s-%s" % (name, env) for env in served],
            **kwargs
        )

    return runner
