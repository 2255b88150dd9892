{
  'deployments.yaml': [{ kind: 'Deployment', name: name } for name in ['a', 'b']],
  'services.yaml': [{ kind: 'Service', name: 'a' }],
}
