local k8s = import 'windlass/k8s.libsonnet';

function(params) {
  'deployment.json': k8s.deployment(params, 'web', containers=[
    k8s.container('web', image='registry.example/web:1', ports={ http: 8080, metrics: 9464 }),
  ]),
  'service.json': k8s.service(params, 'web', ports={ http: 8080, metrics: 9464 }),
}
