"""setup: the namespaces of the environments, and what else a cluster needs before any service."""

load(":binding.bzl", "SETUP")
load(":jsonnet_to_json.bzl", "jsonnet_to_json")

def make_setup(envs, namespaces, k8s_object, k8s_objects, params):
    """The `setup` macro of one binding.

    Args:
      envs: ENVS.
      namespaces: dict of environment -> namespace; "" where no user is known.
      k8s_object: the bound macro.
      k8s_objects: the bound macro.
      params: function(env, service) that gives what Jsonnet gets.

    Returns:
      the macro.
    """

    def setup(name, objects = [], **kwargs):
        """What a cluster needs before any service: `bazel run //prod:<name>.apply`, safe to run again.

        Makes `<name>`, and for each environment `<env>-namespace`. Each namespace is in a group of its own,
        `<env>-namespace-group`: nobody's setup takes another's namespace away. One that is that of a user is left
        out of `<name>` where no user is known.

        Args:
          name: the target's name.
          objects: k8s_object and k8s_objects targets of environment "setup": CRDs, a storage class.
          **kwargs: attributes of all targets, such as visibility.
        """
        for env in envs:
            jsonnet_to_json(
                name = env + "-namespace-rendered",
                src = Label("//rules/private:namespace.jsonnet"),
                outs = ["namespace.json"],
                multiple_outputs = True,
                out_dir = env + ".rendered",
                params = params(env, SETUP),
                deps = [Label("//jsonnet")],
                **kwargs
            )
            k8s_object(
                name = env + "-namespace",
                src = env + ".rendered/namespace.json",
                env = SETUP,
                kind = "Namespace",
                namespace_of = env,
                **kwargs
            )
        there = [env for env in envs if namespaces[env]]
        for env in there:
            k8s_objects(
                name = env + "-namespace-group",
                group = "namespace/" + namespaces[env],
                objects = [":%s-namespace" % env],
                **kwargs
            )
        k8s_objects(
            name = name,
            objects = objects + [":%s-namespace-group" % env for env in there],
            **kwargs
        )

    return setup
