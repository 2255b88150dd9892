local server = std.extVar('//services/server');

{
  'client.json': {
    fields: std.objectFields(server),
    server: '%s:%d' % [server.service.metadata.name, server.service.spec.ports[0].port],
  },
}
