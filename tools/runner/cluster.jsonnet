// The runner, once for a cluster: what it is asked by, itself, and the one right that asking takes.
// Names are those of tools/lib/apply_request.
local k8s = import 'windlass/k8s.libsonnet';

local group = 'windlass.dev';
local plural = 'applyrequests';
local system = 'windlass-runner';

// The longest name of a request: that of its Job, which has 15 letters more, is a label of its pods.
local longest = 40;

local text(description) = { type: 'string', description: description };
local number(description) = { type: 'integer', description: description };

local spec = {
  type: 'object',
  description: 'What is asked for.',
  required: ['bundle', 'target', 'timeoutSeconds'],
  properties: {
    bundle: text('The image of the bundle, by digest.') + {
      maxLength: 512,
      'x-kubernetes-validations': [{
        rule: "self.matches('^[^@:]+(:[0-9]+)?/[^@:]+@sha256:[0-9a-f]{64}$')",
        message: 'want an image by digest and without a tag, as in `registry/project/bundles/a/b@sha256:...`',
      }],
    },
    target: text('The group: //services/client:prod-deep.') + { maxLength: 512 },
    timeoutSeconds: number('How long the apply waits until all is ready.') + { minimum: 1, maximum: 86400 },
  },
  'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'a request cannot be changed; make another one' }],
};

local status = {
  type: 'object',
  description: 'How far it is.',
  properties: {
    phase: text('In one word.') + { enum: ['Waiting', 'Running', 'Succeeded', 'Failed', 'Refused'] },
    message: text('What it waits for, or why it ended.'),
    exitCode: number('How its Job ended.'),
    log: {
      type: 'object',
      description: 'The end of what the pod of its Job has said.',
      properties: {
        pod: text('The pod.'),
        skipped: number('How many lines came before.'),
        text: text('Whole lines.'),
      },
    },
  },
};

function(params)
  local inSystem = k8s.inNamespace(params, system);
  {
    'namespace.json': k8s.namespace(system),

    'definition.json': {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: '%s.%s' % [plural, group] },
      spec: {
        group: group,
        names: { kind: 'ApplyRequest', listKind: 'ApplyRequestList', plural: plural, singular: 'applyrequest' },
        scope: 'Namespaced',
        versions: [{
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: [
            { name: 'Target', type: 'string', jsonPath: '.spec.target' },
            { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
            { name: 'Exit', type: 'integer', jsonPath: '.status.exitCode' },
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          ],
          schema: {
            openAPIV3Schema: {
              type: 'object',
              required: ['spec'],
              properties: { spec: spec, status: status },
              'x-kubernetes-validations': [{
                rule: 'self.metadata.name.size() <= %d' % longest,
                message: 'want a name of at most %d letters' % longest,
              }],
            },
          },
        }],
      },
    },

    'account.json': k8s.serviceAccount(inSystem, 'runner'),

    // It sees what is asked anywhere, says what becomes of it, and deletes what is old, with the Jobs of that. Jobs it
    // may make in the namespaces of environments alone.
    'role.json': k8s.clusterRole('windlass-runner', rules=[
      k8s.rule([plural], ['delete', 'list', 'watch'], apiGroups=[group]),
      k8s.rule([plural + '/status'], ['patch'], apiGroups=[group]),
    ]),

    'role-binding.json': k8s.clusterRoleBinding(inSystem, 'windlass-runner', serviceAccount='runner'),

    // All that a laptop needs.
    'asking-role.json': k8s.clusterRole('windlass-asking', rules=[
      k8s.rule([plural], ['create', 'get'], apiGroups=[group]),
    ]),

    'deployment.json': k8s.deployment(
      inSystem,
      'runner',
      containers=[k8s.container('runner', image='windlass-runner')],
      serviceAccount='runner',
    ) + k8s.podSpec({ automountServiceAccountToken: true }) + {
      // One at a time: two would only do everything twice.
      spec+: { strategy: { type: 'Recreate' } },
    },
  }
