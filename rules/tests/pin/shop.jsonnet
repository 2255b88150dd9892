// A service with two images, each of them in an object of its own.
local pod(params, name) = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: name, namespace: params.environment.namespace },
  spec: { containers: [{ name: name, image: name, resources: { requests: { cpu: '10m', memory: '16Mi' } } }] },
};

function(params) {
  'front.json': pod(params, 'front'),
  'proxy.json': pod(params, 'proxy'),
}
