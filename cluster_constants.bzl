"""What this repository deploys to: data, and the only place for it."""

# The kubeconfig context of the cluster.
CLUSTER = "windlass"

# The minor versions of Kubernetes that clusters have: every object must suit each of them.
KUBERNETES_VERSIONS = ["1.36"]

# host:port where images are pushed, and by the same name where the nodes pull from.
REGISTRY = "localhost:31000"

# "auto" is http for a loopback registry and https for any other; "http" is http for any.
REGISTRY_SCHEME = "auto"

# The Docker network of a k3d node with an address of its own. It is used where REGISTRY is that
# address, which is the second one of the subnet: "172.19.0.2:31000", with REGISTRY_SCHEME "http".
K3D_NETWORK = {"name": "k3d-network", "subnet": "172.19.0.0/26"}

# The first part of every image's repository and of every group's name.
PROJECT = "demo"

# The branch that what protected environments run is built from: the commits of pins must be on it.
MAIN_BRANCH = "main"

# Environment -> its namespace, where its images come from (`built` from head, or `pinned` in
# pins.json), how it rolls out (`parallel`: all at once; `gated`: a service after those that it
# needs are ready), whether it is protected, and whether pinned images must be proven (`"proof":
# "required"`, see docs/proof.md). `[... for env in ENVS]` loops over the names; one
# line more is one environment more.
ENVS = {
    "prod": {"namespace": "prod", "images": "pinned", "rollout": "parallel", "protected": True},
    "staging": {"namespace": "staging", "images": "pinned", "rollout": "parallel"},
    "dev": {"namespace": "dev", "images": "pinned", "rollout": "parallel"},
    "myns": {"namespace": "$USER", "images": "built", "rollout": "parallel"},
}

# Namespaces that //prod:setup itself uses: nobody's own may have such a name.
SYSTEM_NAMESPACES = ["windlass-system", "windlass-storage", "windlass-runner", "monitoring", "monitoring-node"]

# Images that are not built here. The local cluster has its own builds of them under these names.
THIRD_PARTY = {
    "busybox": REGISTRY + "/third_party/busybox:1",
    "local-path-provisioner": REGISTRY + "/third_party/local-path-provisioner:v0.0.30",
    "redis": REGISTRY + "/third_party/redis:8",
    "registry": REGISTRY + "/third_party/registry:3",
}
