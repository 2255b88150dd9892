local monitoring = import 'windlass/monitoring.libsonnet';
local web = std.extVar('//rules/tests/monitoring');

function(params)
  monitoring.serviceMonitor(params, 'web', service=web.service, port='http', path='/stats', interval='15s')
