"""What a rule knows of the cluster and the environment: given to `bind` once, carried as one attribute."""

load("@bazel_skylib//lib:structs.bzl", "structs")

# The environment of what prepares a cluster: namespaces, CRDs, storage, registry.
SETUP = "setup"

# What a DNS label is made of.
_LABEL = "abcdefghijklmnopqrstuvwxyz0123456789-"

_ROLLOUTS = ["gated", "parallel"]
_IMAGES = ["built", "pinned"]
_DELIVERIES = ["node", "registry"]
_PROOFS = ["none", "required"]
_ENV_KEYS = ["cluster", "cluster_id", "image_delivery", "images", "namespace", "proof", "protected", "registry", "rollout"]

def _is_dns_label(text):
    """Whether a text is a DNS label (RFC 1123), as names of namespaces are."""
    if len(text) > 63 or "-" in [text[0], text[-1]]:
        return False
    return all([letter in _LABEL for letter in text.elems()])

def refusal_of_envs(envs):
    """Why `envs` is not what ENVS may be.

    Args:
      envs: dict of environment name to dict.

    Returns:
      a text that names the environment; None where all is well.
    """
    for name, env in envs.items():
        if name == SETUP:
            return "ENVS[%r]: the name of what prepares a cluster; give the environment another name" % name
        for key in env:
            if key not in _ENV_KEYS:
                return "ENVS[%r]: got key %r, want one of %s" % (name, key, _ENV_KEYS)
        if not env.get("namespace"):
            return "ENVS[%r]: namespace is missing; set it to a name or to \"$USER\"" % name
        if env["namespace"] != "$USER" and not _is_dns_label(env["namespace"]):
            return "ENVS[%r]: namespace: got %r, want a DNS label as in \"shop-prod\", or \"$USER\"" % (name, env["namespace"])
        if env.get("images") not in _IMAGES:
            return "ENVS[%r]: images: got %r, want one of %s" % (name, env.get("images"), _IMAGES)
        if env.get("rollout", "parallel") not in _ROLLOUTS:
            return "ENVS[%r]: rollout: got %r, want one of %s" % (name, env["rollout"], _ROLLOUTS)
        if env.get("image_delivery", "registry") not in _DELIVERIES:
            return "ENVS[%r]: image_delivery: got %r, want one of %s" % (name, env["image_delivery"], _DELIVERIES)
        if env.get("proof", "none") not in _PROOFS:
            return "ENVS[%r]: proof: got %r, want one of %s" % (name, env["proof"], _PROOFS)
        if env.get("proof") == "required" and env["images"] != "pinned":
            return "ENVS[%r]: proof: got \"required\", and what is built from head has none; set images = \"pinned\"" % name
    return None

def environment(name, envs, user, system_namespaces):
    """One environment as rules and tools see it.

    Args:
      name: a key of envs.
      envs: ENVS.
      user: $USER as it is, also when it cannot name a namespace: actions and verbs refuse that.
      system_namespaces: namespaces that setup uses itself.

    Returns:
      a struct: name, namespace, images, personal, personal_name, proof, protected, rollout, forbidden_namespaces.
    """
    if name not in envs:
        fail("environment %r: want one of %s" % (name, envs.keys()))
    env = envs[name]
    personal = env["namespace"] == "$USER"
    return struct(
        name = name,
        namespace = user if personal else env["namespace"],
        images = env["images"],
        personal = personal,
        personal_name = False,
        proof = env.get("proof", "none"),
        protected = env.get("protected", False),
        rollout = env.get("rollout", "parallel"),
        forbidden_namespaces = _forbidden(envs, system_namespaces) if personal else [],
    )

def setup_environment(envs, system_namespaces, personal_name):
    """The environment of setup: it alone may hold cluster-wide objects and any namespace.

    Args:
      envs: ENVS.
      system_namespaces: namespaces that setup uses itself.
      personal_name: whether the object is the namespace of $USER, whose name is checked as one.

    Returns:
      a struct of the same fields as `environment` gives.
    """
    return struct(
        name = SETUP,
        namespace = "",
        images = "pinned",
        personal = False,
        personal_name = personal_name,
        proof = "none",
        protected = False,
        rollout = "parallel",
        forbidden_namespaces = _forbidden(envs, system_namespaces),
    )

def _forbidden(envs, system_namespaces):
    return sorted([e["namespace"] for e in envs.values() if e["namespace"] != "$USER"] + system_namespaces)

def encode_binding(cluster, cluster_id, image_delivery, registry, registry_scheme, project, setup, environment):
    """The one attribute that carries a binding through rules.

    Args:
      cluster: kubeconfig context.
      cluster_id: uid of the cluster's kube-system namespace, or "".
      image_delivery: "registry" (nodes pull images) or "node" (they are put into the one node).
      registry: host:port.
      registry_scheme: "auto" (http for a loopback registry, https for any other) or "http".
      project: first part of repositories and group ids.
      setup: label of the target that prepares the cluster, for hints.
      environment: what `environment` gave.

    Returns:
      JSON text.
    """
    if registry_scheme not in ["auto", "http"]:
        fail("registry_scheme: got %r, want \"auto\" or \"http\"" % registry_scheme)
    if image_delivery not in _DELIVERIES:
        fail("image_delivery: got %r, want one of %s" % (image_delivery, _DELIVERIES))
    return json.encode(struct(
        cluster = cluster,
        cluster_id = cluster_id,
        environment = environment,
        image_delivery = image_delivery,
        project = project,
        registry = registry,
        registry_scheme = registry_scheme,
        setup = setup,
    ))

def decode_binding(text):
    """The binding that `encode_binding` wrote.

    Args:
      text: the attribute's value.

    Returns:
      a struct of its fields, `environment` a struct too.
    """
    binding = json.decode(text)
    return struct(**dict(binding, environment = struct(**binding["environment"])))

def same_environment(one, other):
    """Whether two bindings are of one cluster and environment.

    Of setup's objects, one may make a personal namespace: only the environments' names are compared.

    Args:
      one: a binding.
      other: a binding.

    Returns:
      True if they may stand in one group.
    """
    a = structs.to_dict(one)
    b = structs.to_dict(other)
    a.pop("environment")
    b.pop("environment")
    return a == b and one.environment.name == other.environment.name
