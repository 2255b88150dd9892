// How the server is watched: its calls, and the Redis that they need.
local monitoring = import 'windlass/monitoring.libsonnet';
local server = std.extVar('//services/server');

local name = 'server';

// Codes that are the server's fault, and not the caller's.
local faults = 'Aborted|DataLoss|DeadlineExceeded|Internal|ResourceExhausted|Unavailable|Unimplemented|Unknown';

// `where` is what a dashboard says besides: rules see their own namespace alone.
local called(where='') = 'sum(rate(grpc_server_handled_total{job="%s"%s}[5m]))' % [name, where];
local failed(where='') = 'sum(rate(grpc_server_handled_total{job="%s",grpc_code=~"%s"%s}[5m]))' % [name, faults, where];
local quantile(of, where='') =
  'histogram_quantile(%s, sum by (le) (rate(grpc_server_handling_seconds_bucket{job="%s"%s}[5m])))' % [of, name, where];

local here = ',namespace="$namespace"';

function(params) {
  'monitor.json': monitoring.podMonitor(params, name, pods=server.deployment),

  'rules.json': monitoring.prometheusRule(params, name, groups={
    server: [
      monitoring.record('job:grpc_server_faults:ratio_rate5m', '%s / %s' % [failed(), called()], labels={ job: name }),
      monitoring.alert(
        'ServerFailsCalls',
        'job:grpc_server_faults:ratio_rate5m > 0.05',
        summary='{{ $value | humanizePercentage }} of the calls fail',
        description='Of all calls of five minutes. The dashboard says which method and which code.',
        severity='critical',
      ),
      monitoring.alert(
        'ServerIsSlow',
        quantile('0.99') + ' > 0.5',
        summary='one call of a hundred takes longer than {{ $value | humanizeDuration }}',
      ),
      monitoring.alert(
        'ServerHasNoRedis',
        'redis_up{job="%s"} == 0' % name,
        duration='1m',
        summary='Redis does not answer {{ $labels.pod }}',
        description='The pod is not ready for as long, and answers no call.',
        severity='critical',
      ),
      monitoring.alert(
        'ServerIsNotThere',
        'absent(up{job="%s"} == 1)' % name,
        summary='no pod of the server tells anything',
        labels={ job: name },
        severity='critical',
      ),
    ],
  }),

  'dashboard.json': monitoring.dashboard(params, name, title='Server', panels=[
    monitoring.panel.timeseries('Calls', {
      '{{grpc_method}} {{grpc_code}}':
        'sum by (grpc_method, grpc_code) (rate(grpc_server_handled_total{job="%s"%s}[5m]))' % [name, here],
    }, unit='reqps'),
    monitoring.panel.timeseries('Failed', {
      failed: '%s / %s' % [failed(here), called(here)],
    }, unit='percentunit', description='Of all calls. More than 5 % for five minutes is an alert.'),
    monitoring.panel.timeseries('How long they take', {
      [quantileName]: quantile(quantileName, here)
      for quantileName in ['0.5', '0.9', '0.99']
    }, unit='s', description='Half of the calls, nine of ten, and 99 of 100 are no slower.'),
    monitoring.panel.timeseries('Redis', {
      '{{command}} {{result}}': 'sum by (command, result) (rate(redis_commands_total{job="%s"%s}[5m]))' % [name, here],
    }, unit='ops'),
    monitoring.panel.stat('Redis answers', {
      '{{pod}}': 'redis_up{job="%s"%s}' % [name, here],
    }, description='1 where it does.'),
  ]),
}
