{
  'deployment.json': { kind: 'Deployment' },
  'service.json': { kind: 'Service', metadata: { name: 'server' }, spec: { ports: [{ port: 50051 }] } },
}
