// What is watched of a service, beside its BUILD file: which pods are asked for metrics, when somebody is told,
// and what a dashboard shows (docs/monitoring.md).
//
//   local monitoring = import 'windlass/monitoring.libsonnet';
//   local server = std.extVar('//services/server');
//
//   function(params) {
//     'monitor.json': monitoring.podMonitor(params, 'server', pods=server.deployment),
//     'rules.json': monitoring.prometheusRule(params, 'server', groups={
//       server: [monitoring.alert('RedisDown', 'redis_up == 0', summary='Redis does not answer')],
//     }),
//     'dashboard.json': monitoring.dashboard(params, 'server', panels=[
//       monitoring.panel.timeseries('Redis', { up: 'redis_up{namespace="$namespace"}' }),
//     ]),
//   }
//
// Rules see the series of their own namespace alone: the Prometheus of `//prod/monitoring` adds that to each.
// Dashboards say it, by the variable `$namespace`.
local common = import 'k8s/object.libsonnet';
local list = common.list;
local namespaced = common.namespaced;
local set = common.set;

local api = 'monitoring.coreos.com/v1';

// Panels are laid out from left to right, on a grid of 24 columns.
local columns = 24;

local datasource = { type: 'prometheus', uid: 'prometheus' };

// The names of the ports of the pods of a workload.
local portsOf(workload) = [
  port.name
  for container in workload.spec.template.spec.containers
  for port in std.get(container, 'ports', [])
];

// A port that the pods of a workload have.
local portOf(what, workload, port) =
  local there = portsOf(workload);
  if std.member(there, port) then port
  else error '%s: %s `%s` has no port `%s`, want one of [%s]' % [
    what,
    workload.kind,
    workload.metadata.name,
    port,
    std.join(', ', there),
  ];

// Panels, each where the one before it leaves off.
local laidOut(panels) =
  local place(state, panel) =
    local fits = state.x + panel.gridPos.w <= columns;
    local x = if fits then state.x else 0;
    local y = if fits then state.y else state.y + state.h;
    local id = std.length(state.done) + 1;
    {
      done: state.done + [panel { id: id, gridPos+: { x: x, y: y } }],
      h: if fits then std.max(state.h, panel.gridPos.h) else panel.gridPos.h,
      x: x + panel.gridPos.w,
      y: y,
    };
  std.foldl(place, panels, { done: [], h: 0, x: 0, y: 0 }).done;

local target(legend, expr) = { datasource: datasource, expr: expr, legendFormat: legend };

local targets(queries) =
  local all = list(queries, target);
  // A, B, C, as Grafana calls them.
  [{ refId: std.char(std.codepoint('A') + at) } + all[at] for at in std.range(0, std.length(all) - 1)];

local panel(type, title, queries, unit, description, width) = {
  type: type,
  title: title,
  [set('description', if description == '' then null else description)]: description,
  datasource: datasource,
  fieldConfig: { defaults: { unit: unit }, overrides: [] },
  gridPos: { h: 8, w: width },
  targets: targets(queries),
};

{
  // Pods that are asked for metrics, by Prometheus itself and not through a Service: each pod is heard.
  // pods: the workload as rendered, such as `std.extVar('//services/server').deployment`: whose pods, and whether they
  // have the port.
  // port: of the pods, by name.
  // path: where the metrics are.
  // interval: how often they are asked, such as `15s`; as Prometheus says if null.
  podMonitor(params, name, pods=error 'monitoring.podMonitor: set pods', port='metrics', path='/metrics', interval=null)::
    namespaced(params, api, 'PodMonitor', name) + {
      spec: {
        jobLabel: 'app.kubernetes.io/name',
        podMetricsEndpoints: [{
          path: path,
          port: portOf('monitoring.podMonitor', pods, port),
          [set('interval', interval)]: interval,
        }],
        selector: pods.spec.selector,
      },
    },

  // The same for what is behind a Service: a program elsewhere, which `k8s.endpointSlice` says. Pods are better asked by a
  // `monitoring.podMonitor`.
  // service: as rendered.
  // port: of the Service, by name.
  // path: where the metrics are.
  // interval: how often they are asked, such as `15s`; as Prometheus says if null.
  serviceMonitor(
    params,
    name,
    service=error 'monitoring.serviceMonitor: set service',
    port='metrics',
    path='/metrics',
    interval=null,
  ):: namespaced(params, api, 'ServiceMonitor', name) + {
    local there = [one.name for one in service.spec.ports],
    spec: {
      endpoints: [{
        path: path,
        port:
          if std.member(there, port) then port
          else error 'monitoring.serviceMonitor: Service `%s` has no port `%s`, want one of [%s]' % [
            service.metadata.name,
            port,
            std.join(', ', there),
          ],
        [set('interval', interval)]: interval,
      }],
      jobLabel: 'app.kubernetes.io/name',
      selector: { matchLabels: service.metadata.labels },
    },
  },

  // Rules of Prometheus: when somebody is told, and what is calculated ahead.
  // groups: from the name of a group to its rules, `{server: [monitoring.alert(...)]}`, or a list as Prometheus has it.
  prometheusRule(params, name, groups=error 'monitoring.prometheusRule: set groups')::
    local group(name, rules) = { name: name, rules: rules };
    namespaced(params, api, 'PrometheusRule', name) + { spec: { groups: list(groups, group) } },

  // Somebody is told while an expression has a value, for each of its values.
  // name: in CamelCase, as Prometheus has them.
  // expr: in PromQL.
  // summary: what is wrong, in one line; `{{ $labels.pod }}` and `{{ $value }}` are what they are then.
  // duration: how long it must have a value.
  // severity: a label; `critical` wakes somebody.
  // description: what to do, and why it matters.
  // labels: more labels.
  alert(
    name,
    expr,
    summary=error 'monitoring.alert: set summary',
    duration='5m',
    severity='warning',
    description='',
    labels={},
  ):: {
    alert: name,
    annotations: { summary: summary, [if description == '' then null else 'description']: description },
    expr: expr,
    'for': duration,
    labels: { severity: severity } + labels,
  },

  // A series that is calculated ahead, by an expression that takes long.
  // name: of the series, `<what is left of the labels>:<metric>:<what was done>`.
  // expr: in PromQL.
  // labels: more labels.
  record(name, expr, labels={}):: { expr: expr, [set('labels', labels)]: labels, record: name },

  // A dashboard of Grafana, which finds it by its label.
  // title: what it is called; the name, if not given.
  // panels: a list of what `monitoring.panel` gives.
  // from: how far it looks back.
  // refresh: how often it asks again.
  dashboard(
    params,
    name,
    panels=error 'monitoring.dashboard: set panels',
    title=name,
    from='now-1h',
    refresh='30s',
  ):: namespaced(params, 'v1', 'ConfigMap', name + '-dashboard', name) + {
    local namespace = params.environment.namespace,
    metadata+: { labels+: { grafana_dashboard: '1' } },
    data: {
      ['%s-%s.json' % [namespace, name]]: std.manifestJson({
        annotations: { list: [] },
        editable: false,
        panels: laidOut(panels),
        refresh: refresh,
        schemaVersion: 41,
        tags: [namespace],
        templating: {
          list: [{
            current: { text: namespace, value: namespace },
            hide: 2,
            name: 'namespace',
            query: namespace,
            type: 'constant',
          }],
        },
        time: { from: from, to: 'now' },
        title: '%s in %s' % [title, namespace],
        // At most 40 letters, and one for each namespace.
        uid: std.substr(std.sha256('%s/%s' % [namespace, name]), 0, 40),
      }),
    },
  },

  // What a `monitoring.dashboard` shows.
  panel:: {
    // Lines over time.
    // title: what they show.
    // queries: from legend to PromQL, `{'{{grpc_method}}': 'sum by (grpc_method) (...)'}`.
    // unit: of the values, as Grafana calls it: `reqps`, `s`, `percentunit`.
    // description: what is well, and what is not.
    // width: in columns, of which there are 24.
    timeseries(title, queries, unit='short', description='', width=12)::
      panel('timeseries', title, queries, unit, description, width),
    // The last value, as a number.
    // title: what it is.
    // queries: from legend to PromQL.
    // unit: of the value, as Grafana calls it.
    // description: what is well, and what is not.
    // width: in columns, of which there are 24.
    stat(title, queries, unit='short', description='', width=6)::
      panel('stat', title, queries, unit, description, width) + {
        options: { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false } },
      },
  },
}
