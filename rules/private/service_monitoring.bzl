"""What says how a service is watched, in one environment: a part of `service`."""

load(":jsonnet_to_json.bzl", "jsonnet_to_json")
load(":labels.bzl", "label_text")

# What the Jsonnet file gives: file -> kind.
_OUTPUTS = {
    "dashboard.json": "ConfigMap",
    "monitor.json": "PodMonitor",
    "rules.json": "PrometheusRule",
}

def refusal_of_monitoring(name, monitoring, monitored):
    """Why it cannot be said how a service is watched.

    Args:
      name: the service's name.
      monitoring: its Jsonnet file, or None.
      monitored: where the binding has what watches a cluster, or "".

    Returns:
      a text that says what to do; None where all is well.
    """
    if not monitoring or monitored:
        return None
    return "service %r: attribute monitoring: got %r, and bind knows of no monitoring; set monitoring = \"//prod/monitoring\" there" % (
        name,
        monitoring,
    )

def service_monitoring(env, name, src, data, jsonnet_deps, params, k8s_object, k8s_objects, common):
    """Makes `ENV-monitoring`, and its objects `ENV-monitoring-<file>`, where there is a source.

    Args:
      env: the environment.
      name: the service's name.
      src: the Jsonnet file, or None.
      data: files that it imports.
      jsonnet_deps: jsonnet_library targets besides windlass's own.
      params: function(env, service) that gives what Jsonnet gets.
      k8s_object: the bound macro.
      k8s_objects: the bound macro.
      common: attributes of all targets.
    """
    if not src:
        return
    own = native.package_relative_label("//" + native.package_name())
    jsonnet_to_json(
        name = env + "-monitoring-rendered",
        src = src,
        data = data,
        multiple_outputs = True,
        out_dir = env + ".monitoring",
        outs = _OUTPUTS.keys(),
        params = params(env, name),
        rendered = {":%s-rendered" % env: label_text(own)},
        deps = [Label("//jsonnet")] + jsonnet_deps,
        keep_deps = {Label("//jsonnet"): "each service may import it"},
        **common
    )
    objects = {"%s-monitoring-%s" % (env, file.removesuffix(".json")): file for file in _OUTPUTS}
    for object, file in objects.items():
        k8s_object(
            name = object,
            env = env,
            kind = _OUTPUTS[file],
            src = "%s.monitoring/%s" % (env, file),
            **common
        )
    k8s_objects(
        name = env + "-monitoring",
        group = name + "-monitoring",
        objects = objects.keys(),
        **common
    )
