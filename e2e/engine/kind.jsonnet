// A kind, and an object of it.
local group = 'engine.windlass.dev';

function(params) {
  'kind.json': {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'shackles.' + group },
    spec: {
      group: group,
      names: { kind: 'Shackle', plural: 'shackles', singular: 'shackle' },
      scope: 'Namespaced',
      versions: [{
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', properties: { tons: { type: 'integer' } } } },
          },
        },
      }],
    },
  },
  'shackle.json': {
    apiVersion: group + '/v1',
    kind: 'Shackle',
    metadata: { name: 'bow', namespace: 'alice' },
    spec: { tons: 2 },
  },
}
