"""What the corpus holds: kind -> names. A name that is only here, or only in corpus.jsonnet, is an error of the build."""

load("//:cluster_constants.bzl", "CLUSTER", "PROJECT", "REGISTRY", "SYSTEM_NAMESPACES", "THIRD_PARTY")
load("//rules:jsonnet.bzl", "jsonnet_to_json")
load("//rules:k8s.bzl", "bind")

# What lives in no namespace, and the kinds and namespaces that the others need.
FOUNDATION = {
    "APIService": ["local"],
    "CSIDriver": ["described", "plain"],
    "CSINode": ["nowhere"],
    "CSIStorageCapacity": ["other-quantity", "plain"],
    "CertificateSigningRequest": ["plain"],
    "ClusterRole": ["aggregated", "no-rules", "part", "plain"],
    "ClusterRoleBinding": ["nobody", "plain", "several"],
    "CustomResourceDefinition": ["charts", "crates", "gauges", "harbours", "oceans", "ships"],
    "DeviceClass": ["any", "driver"],
    "FlowSchema": ["plain", "rules"],
    "IPAddress": ["plain"],
    "IngressClass": ["default", "namespaced", "other"],
    "MutatingAdmissionPolicy": ["patch", "plain"],
    "MutatingAdmissionPolicyBinding": ["plain"],
    "MutatingWebhookConfiguration": ["plain", "reinvoked"],
    "Namespace": ["corpus", "corpus-bare", "corpus-other"],
    "Node": ["node"],
    "Ocean": ["bare", "deep", "empty-fields"],
    "PersistentVolume": ["fixed", "folder", "free", "matched", "on-node", "shared"],
    "PriorityClass": ["high", "low", "zero"],
    "PriorityLevelConfiguration": ["limited", "no-shares", "queues"],
    "ResourceSlice": ["plain"],
    "RuntimeClass": ["heavy", "other-quantities", "plain"],
    "ServiceCIDR": ["part"],
    "Ship": ["with-its-kind"],
    "StorageClass": ["default", "empty-fields", "parameters", "topologies", "waiting"],
    "ValidatingAdmissionPolicy": ["described", "plain"],
    "ValidatingAdmissionPolicyBinding": ["described", "plain"],
    "ValidatingWebhookConfiguration": ["empty-fields", "no-webhooks", "plain", "several"],
    "VolumeAttachment": ["plain"],
    "VolumeAttributesClass": ["fast"],
}

# What lives in the namespace of an environment.
NAMESPACED = {
    "Chart": ["older", "older-bare", "stored"],
    "ConfigMap": ["annotated", "bare", "binary", "both", "empty-annotations", "empty-data", "empty-value", "finalized", "immutable", "keys", "large", "lines", "looks-like-others", "many", "mutable", "null-annotations", "null-data", "other-letters", "plain"],
    "ControllerRevision": ["empty-data", "plain"],
    "Crate": ["embedded", "open", "own-status"],
    "CronJob": ["described", "histories", "plain", "suspended"],
    "DaemonSet": ["host-ports", "on-delete", "plain", "running", "surge"],
    "Deployment": ["empty-fields", "env", "expressions", "init-containers", "no-replicas", "paused", "plain", "ports", "probes", "recreate", "resources", "rolling", "rolling-in-part", "running", "security", "spread", "volumes"],
    "EndpointSlice": ["by-hand-1", "names", "nobody"],
    "Endpoints": ["by-hand", "no-subsets"],
    "Event": ["of-its-own-group", "plain"],
    "Gauge": ["numbers", "other-forms", "texts"],
    "Harbour": ["atomic", "empty-fields", "keys", "nested"],
    "HorizontalPodAutoscaler": ["behaviour", "first-version", "first-version-bare", "metrics", "other-quantities", "plain"],
    "Ingress": ["default-class", "empty-fields", "old-annotation", "rules"],
    "Job": ["done", "empty-fields", "indexed", "limits", "own-selector", "plain", "policies"],
    "Lease": ["bare", "held", "other-zone"],
    "LimitRange": ["containers", "other-quantities", "several"],
    "NetworkPolicy": ["allow-all", "deny-all", "egress", "empty-rules", "ingress"],
    "PersistentVolumeClaim": ["attributes", "block", "default-class", "from-claim", "from-snapshot", "generated", "limits", "matched", "no-class"],
    "Pod": ["empty-fields", "old-account", "placed", "plain", "ports", "probes", "sidecar", "with-token"],
    "PodDisruptionBudget": ["everything", "no-selector", "number", "percent", "zero"],
    "PodTemplate": ["empty-fields", "plain"],
    "ReplicaSet": ["plain", "running"],
    "ReplicationController": ["plain", "selected"],
    "ResourceClaim": ["bare", "plain", "several"],
    "ResourceClaimTemplate": ["plain"],
    "ResourceQuota": ["bare", "counts", "not-terminating", "scoped"],
    "Role": ["named", "no-rules", "null-rules", "plain"],
    "RoleBinding": ["account", "nobody", "people", "short-reference"],
    "Secret": ["bare", "basic-auth", "custom", "data", "data-and-text", "empty-data", "empty-value", "immutable", "null-data", "registry", "ssh-auth", "text", "tls", "token"],
    "Service": ["affine", "balanced", "balanced-local", "by-hand", "empty-fields", "external", "external-addresses", "external-ports", "families", "fixed-address", "headless", "headless-ports", "named-target", "node-port", "node-port-both", "node-port-fixed", "null-fields", "one-family", "plain", "same-port", "two-ports"],
    "ServiceAccount": ["empty-lists", "no-token", "plain", "pulls", "secrets"],
    "Ship": ["all-fields", "bare", "empty-spec", "nulls", "some-fields", "with-status"],
    "StatefulSet": ["claims", "empty-fields", "on-delete", "partition", "plain", "retention", "running"],
}

_bound = bind(
    cluster = CLUSTER,
    crds = ["//e2e/corpus:customresourcedefinition-" + name for name in FOUNDATION["CustomResourceDefinition"]],
    envs = {"corpus": {
        "images": "pinned",
        "namespace": "corpus",
    }},
    project = PROJECT,
    registry = REGISTRY,
    setup = "//e2e/corpus:foundation.apply",
    system_namespaces = SYSTEM_NAMESPACES,
    third_party = THIRD_PARTY,
    user = "",
)

# Each form of an object is there, the old and the shortest as well: kind -> what its objects waive.
_WAIVERS = {kind: {
    "digests": "nothing is run",
    "requests": "nothing is run",
} for kind in [
    "CronJob",
    "DaemonSet",
    "Deployment",
    "Job",
    "Pod",
    "PodTemplate",
    "ReplicaSet",
    "ReplicationController",
    "StatefulSet",
]} | {
    "Endpoints": {"deprecated": "it is served, so it has to be read"},
}

def corpus(name, env, kinds, **kwargs):
    """One half of the corpus: an object and its verbs for each name, and a group of them all.

    Args:
      name: the name of the group, and of the half in corpus.jsonnet.
      env: "corpus" or "setup".
      kinds: dict of kind -> names.
      **kwargs: attributes of the group and its verbs.
    """
    objects = {
        "%s-%s" % (kind.lower(), object): kind
        for kind, names in kinds.items()
        for object in names
    }
    jsonnet_to_json(
        name = name + "-rendered",
        src = "corpus.jsonnet",
        outs = [object + ".json" for object in objects],
        multiple_outputs = True,
        out_dir = name + ".rendered",
        params = _bound.params(env, name),
        deps = [":library"],
    )
    for object, kind in objects.items():
        _bound.k8s_object(
            name = object,
            src = "%s.rendered/%s.json" % (name, object),
            env = env,
            kind = kind,
            policy = {"waivers": _WAIVERS.get(kind, {})},
        )
    _bound.k8s_objects(
        name = name,
        objects = objects.keys(),
        **kwargs
    )
