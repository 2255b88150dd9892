// Every function of monitoring.libsonnet, with defaults and with all that they take.
local k8s = import 'windlass/k8s.libsonnet';
local monitoring = import 'windlass/monitoring.libsonnet';

function(params)
  local server = k8s.deployment(params, 'server', containers=[
    k8s.container('server', ports={ grpc: 50051, metrics: 9464 }),
    k8s.container('proxy', ports={ admin: 9000 }),
  ]);
  local database = k8s.service(params, 'database', ports={ metrics: 9187, postgres: 5432 }, app=null);
  {
    'monitors.json': {
      pod: monitoring.podMonitor(params, 'server', pods=server),
      pod_all: monitoring.podMonitor(params, 'proxy', pods=server, port='admin', path='/stats', interval='15s'),
      service: monitoring.serviceMonitor(params, 'database', service=database),
      service_all: monitoring.serviceMonitor(
        params,
        'postgres',
        service=database,
        port='postgres',
        path='/stats',
        interval='15s',
      ),
    },
    'rules.json': {
      rules: monitoring.prometheusRule(params, 'server', groups={
        server: [
          monitoring.record('job:calls:rate5m', 'sum by (job) (rate(calls_total[5m]))'),
          monitoring.record('calls:rate5m', 'sum(rate(calls_total[5m]))', labels={ team: 'shop' }),
          monitoring.alert('NoCalls', 'job:calls:rate5m == 0', summary='nobody calls {{ $labels.job }}'),
          monitoring.alert(
            'ManyCalls',
            'calls:rate5m > 1000',
            summary='{{ $value }} calls in a second',
            duration='10m',
            severity='critical',
            description='Have more pods.',
            labels={ team: 'shop' },
          ),
        ],
      }),
      rules_list: monitoring.prometheusRule(params, 'slow', groups=[{ name: 'slow', interval: '5m', rules: [] }]),
    },
    'dashboards.json': {
      dashboard: monitoring.dashboard(params, 'server', panels=[]),
      dashboard_all: monitoring.dashboard(
        params,
        'shop',
        title='Shop',
        panels=[
          monitoring.panel.stat('Up', { up: 'up' }),
          monitoring.panel.timeseries('Calls', { a: 'calls_total', b: 'failed_total' }, unit='reqps', width=18),
          monitoring.panel.stat('Late', { late: 'late' }, unit='s', description='Less is better.', width=12),
          monitoring.panel.timeseries('All', [{ expr: 'up', refId: 'X' }], description='By hand.'),
          monitoring.panel.timeseries('Next line', { up: 'up' }, width=24),
        ],
        from='now-6h',
        refresh='1m',
      ),
    },
  }
