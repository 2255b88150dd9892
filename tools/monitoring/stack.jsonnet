// What watches a cluster: Prometheus and Alertmanager, run by their operator, and what tells of the node. Grafana and
// kube-state-metrics are there where `third_party` says which images they have (docs/monitoring.md).
// settings: interval: how often metrics are asked for and rules evaluated; retention: how long Prometheus keeps them;
// storage: what that may take, on a volume; without it metrics go with their pod.
local grafana = import 'grafana.libsonnet';
local kubeStateMetrics = import 'kube_state_metrics.libsonnet';
local nodeExporter = import 'node_exporter.libsonnet';
local operator = import 'operator.libsonnet';
local prometheus = import 'prometheus.libsonnet';
local k8s = import 'windlass/k8s.libsonnet';

function(params, settings={})
  local all = { interval: '30s', retention: '15d', storage: '' } + settings;
  local own = k8s.inNamespace(params, 'monitoring');
  // The image of a third party where the constants name one; else the one that is built here, by its name.
  local image(name) = std.get(params.third_party, name, name);
  { 'namespace.json': k8s.namespace('monitoring') }
  + operator(own, image)
  + prometheus(own, image, all)
  + nodeExporter(params, image)
  + (if std.objectHas(params.third_party, 'grafana') then grafana(own, image) else {})
  + (if std.objectHas(params.third_party, 'kube-state-metrics') then kubeStateMetrics(own, image) else {})
