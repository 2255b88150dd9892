// How the client is watched: the calls that it makes.
local monitoring = import 'windlass/monitoring.libsonnet';
local client = std.extVar('//services/client');

local name = 'client';

// `where` is what a dashboard says besides: rules see their own namespace alone.
local made(where='') = 'sum(rate(grpc_client_handled_total{job="%s"%s}[5m]))' % [name, where];
local failed(where='') = 'sum(rate(grpc_client_handled_total{job="%s",grpc_code!="OK"%s}[5m]))' % [name, where];
local quantile(of, where='') =
  'histogram_quantile(%s, sum by (le) (rate(grpc_client_handling_seconds_bucket{job="%s"%s}[5m])))' % [of, name, where];

local here = ',namespace="$namespace"';

function(params) {
  'monitor.json': monitoring.podMonitor(params, name, pods=client.deployment),

  'rules.json': monitoring.prometheusRule(params, name, groups={
    client: [
      monitoring.record('job:grpc_client_failures:ratio_rate5m', '%s / %s' % [failed(), made()], labels={ job: name }),
      monitoring.alert(
        'ClientGetsErrors',
        'job:grpc_client_failures:ratio_rate5m > 0.05',
        summary='{{ $value | humanizePercentage }} of the calls fail',
        description='Of all calls of five minutes. Where the server tells of none, they do not reach it.',
      ),
      monitoring.alert(
        'ClientWaitsLong',
        quantile('0.99') + ' > 1',
        summary='one call of a hundred takes longer than {{ $value | humanizeDuration }}',
      ),
    ],
  }),

  'dashboard.json': monitoring.dashboard(params, name, title='Client', panels=[
    monitoring.panel.timeseries('Calls', {
      '{{grpc_method}} {{grpc_code}}':
        'sum by (grpc_method, grpc_code) (rate(grpc_client_handled_total{job="%s"%s}[5m]))' % [name, here],
    }, unit='reqps'),
    monitoring.panel.timeseries('Failed', {
      failed: '%s / %s' % [failed(here), made(here)],
    }, unit='percentunit', description='Of all calls. More than 5 % for five minutes is an alert.'),
    monitoring.panel.timeseries('How long they take', {
      [quantileName]: quantile(quantileName, here)
      for quantileName in ['0.5', '0.9', '0.99']
    }, unit='s', description='Half of the calls, nine of ten, and 99 of 100 are no slower.'),
  ]),
}
