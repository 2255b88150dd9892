"""The custom resources of the Prometheus operator: which there are, and where they are defined."""

# The module that has the operator and the definitions.
OPERATOR = "github.com/prometheus-operator/prometheus-operator"

# Kind -> its plural, by which its definition is called. Without PrometheusAgent, ScrapeConfig and ThanosRuler: they are
# large, and the operator does without kinds that a cluster does not have.
KINDS = {
    "Alertmanager": "alertmanagers",
    "AlertmanagerConfig": "alertmanagerconfigs",
    "PodMonitor": "podmonitors",
    "Probe": "probes",
    "Prometheus": "prometheuses",
    "PrometheusRule": "prometheusrules",
    "ServiceMonitor": "servicemonitors",
}
