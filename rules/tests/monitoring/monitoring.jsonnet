// All that the library has for a service, with all that it takes: what the definitions of the custom kinds take.
local monitoring = import 'windlass/monitoring.libsonnet';
local web = std.extVar('//rules/tests/monitoring');

function(params) {
  'monitor.json': monitoring.podMonitor(params, 'web', pods=web.deployment, port='http', path='/stats', interval='15s'),
  'rules.json': monitoring.prometheusRule(params, 'web', groups={
    web: [
      monitoring.record('job:calls:rate5m', 'sum by (job) (rate(calls_total[5m]))', labels={ team: 'shop' }),
      monitoring.alert(
        'NoCalls',
        'job:calls:rate5m == 0',
        summary='nobody calls {{ $labels.job }}',
        duration='10m',
        severity='critical',
        description='Look whether anybody should.',
        labels={ page: 'yes' },
      ),
    ],
  }),
  'dashboard.json': monitoring.dashboard(params, 'web', panels=[monitoring.panel.stat('Up', { up: 'up' })]),
}
