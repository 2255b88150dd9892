// A program that runs whatever else is there or not, and a text beside it.
local k8s = import 'windlass/k8s.libsonnet';

function(params, called, app=called, config=called, image='app', text='as described') {
  'deployment.json': k8s.deployment(params, called, app=app, containers=[k8s.container(called, image)]),
  'config.json': k8s.configMap(params, config, data={ text: text }),
}
