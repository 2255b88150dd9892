"""monitoring: what watches a cluster, and the definitions of the custom resources by which services say how."""

load(":binding.bzl", "SETUP")
load(":jsonnet_to_json.bzl", "jsonnet_to_json")
load(":monitoring_kinds.bzl", "KINDS")

# Images that are built here from Go modules, where `third_party` names none.
_IMAGES = [
    "alertmanager",
    "node-exporter",
    "prometheus",
    "prometheus-config-reloader",
    "prometheus-operator",
]

# File -> its kind, and the images that it needs.
_STACK = {
    "alertmanager-service.json": ("Service", []),
    "alertmanager.json": ("Alertmanager", ["alertmanager", "prometheus-config-reloader"]),
    "namespace.json": ("Namespace", []),
    "node-exporter.json": ("DaemonSet", ["node-exporter"]),
    "node-monitor.json": ("PodMonitor", []),
    "node-namespace.json": ("Namespace", []),
    "operator-cluster-role-binding.json": ("ClusterRoleBinding", []),
    "operator-cluster-role.json": ("ClusterRole", []),
    "operator-deployment.json": ("Deployment", ["prometheus-operator"]),
    "operator-role-binding.json": ("RoleBinding", []),
    "operator-role.json": ("Role", []),
    "operator-service-account.json": ("ServiceAccount", []),
    "prometheus-monitor.json": ("PodMonitor", []),
    "prometheus-role-binding.json": ("ClusterRoleBinding", []),
    "prometheus-role.json": ("ClusterRole", []),
    "prometheus-service-account.json": ("ServiceAccount", []),
    "prometheus-service.json": ("Service", []),
    "prometheus.json": ("Prometheus", ["prometheus", "prometheus-config-reloader"]),
}

# What is in no Go module that others can build: image of `third_party` -> file -> its kind, and images that are built.
_THIRD_PARTY = {
    "grafana": {
        "grafana-config.json": ("ConfigMap", []),
        "grafana-deployment.json": ("Deployment", []),
        "grafana-role-binding.json": ("ClusterRoleBinding", []),
        "grafana-role.json": ("ClusterRole", []),
        "grafana-service-account.json": ("ServiceAccount", []),
        "grafana-service.json": ("Service", []),
    },
    "kube-state-metrics": {
        "kube-state-metrics-deployment.json": ("Deployment", []),
        "kube-state-metrics-monitor.json": ("PodMonitor", []),
        "kube-state-metrics-role-binding.json": ("ClusterRoleBinding", []),
        "kube-state-metrics-role.json": ("ClusterRole", []),
        "kube-state-metrics-service-account.json": ("ServiceAccount", []),
    },
}

_POLICIES = {
    "alertmanager-service.json": {"externals": {"Pod/app.kubernetes.io/name=alertmanager": "the operator makes it"}},
    # Before the operator has seen them they have no condition at all.
    "alertmanager.json": {"ready_when": ["condition=Available"]},
    "node-exporter.json": {"waivers": {"privileged": "it tells of the machine: its network and its processes"}},
    "prometheus-service.json": {"externals": {"Pod/app.kubernetes.io/name=prometheus": "the operator makes it"}},
    "prometheus.json": {"ready_when": ["condition=Available"]},
}

def definition_of(kind, monitoring):
    """The label of what defines a kind of monitoring, as a list: empty for other kinds, and where nothing is monitored.

    Args:
      kind: of an object.
      monitoring: label of the package that calls `monitoring`, or "".

    Returns:
      a list of labels.
    """
    if not monitoring or kind not in KINDS:
        return []
    return ["%s:crd-%s" % (monitoring, KINDS[kind])]

def make_monitoring(k8s_object, k8s_objects, params, third_party):
    """The `monitoring` macro of one binding.

    Args:
      k8s_object: the bound macro.
      k8s_objects: the bound macro.
      params: function(env, service) that gives what Jsonnet gets.
      third_party: dict of name -> reference of images that are not built here.

    Returns:
      the macro.
    """

    def monitoring(name, settings = {}, **kwargs):
        """What watches a cluster: `bazel run //prod/monitoring:<name>.apply`, after setup. docs/monitoring.md.

        Makes `<name>`, and `crds`, a group of the definitions: one of the `objects` of `setup`.

        Args:
          name: the target's name.
          settings: dict of `interval` ("30s"), how often metrics are asked for and rules evaluated; `retention` ("15d"), how
            long they are kept; `storage` ("50Gi"), the size of a volume for them: without it they go with their pod.
          **kwargs: attributes of all targets, such as visibility.
        """
        for plural in KINDS.values():
            k8s_object(
                name = "crd-" + plural,
                src = Label("@windlass_monitoring_crds//:%s.yaml" % plural),
                env = SETUP,
                kind = "CustomResourceDefinition",
                **kwargs
            )
        k8s_objects(
            name = "crds",
            group = "monitoring-crds",
            objects = ["crd-" + plural for plural in KINDS.values()],
            **kwargs
        )
        files = {} | _STACK
        for image, own in _THIRD_PARTY.items():
            files |= own if image in third_party else {}
        jsonnet_to_json(
            name = name + "-rendered",
            src = Label("//tools/monitoring:stack.jsonnet"),
            data = [Label("//tools/monitoring:sources")],
            outs = files.keys(),
            multiple_outputs = True,
            out_dir = name + ".rendered",
            params = params(SETUP, "monitoring"),
            tla_code = {"settings": json.encode(settings)},
            deps = [Label("//jsonnet")],
            **kwargs
        )
        built = [image for image in _IMAGES if image not in third_party]

        # Programs are built from Go modules, for minutes: where somebody asks for them, not by `//...`.
        tags = kwargs.pop("tags", [])
        built_tags = tags + (["manual"] if built else [])
        for file, (kind, images) in files.items():
            k8s_object(
                name = "%s-%s" % (name, file.removesuffix(".json")),
                src = "%s.rendered/%s" % (name, file),
                env = SETUP,
                images = {image: Label("//tools/monitoring:" + image) for image in images if image in built},
                kind = kind,
                policy = _POLICIES.get(file, {}),
                tags = built_tags if images else tags,
                **kwargs
            )
        k8s_objects(
            name = name,
            group = "monitoring",
            objects = ["%s-%s" % (name, file.removesuffix(".json")) for file in files],
            tags = built_tags,
            **kwargs
        )

    return monitoring
