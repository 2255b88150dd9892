// How many pods there are, and what the API server lets pass.
local common = import 'object.libsonnet';
local list = common.list;
local namespaced = common.namespaced;
local object = common.object;

local admission = 'admissionregistration.k8s.io/v1';

local utilization(resource, percent) = if percent == null then [] else [{
  type: 'Resource',
  resource: { name: resource, target: { type: 'Utilization', averageUtilization: percent } },
}];

{
  // How many pods of an app may be away at a time when nodes are drained.
  // maxUnavailable: a number or a share such as `25%`.
  podDisruptionBudget(params, name, maxUnavailable=1, app=name)::
    namespaced(params, 'policy/v1', 'PodDisruptionBudget', name, app) + {
      spec: { maxUnavailable: maxUnavailable, selector: common.pods(app) },
    },

  // As many pods as there is work for. The workload says `replicas=null`. Other measures are added by
  // `+ { spec+: { metrics+: [...] } }`, or stand alone by `+ { spec+: { metrics: [...] } }`.
  // maxReplicas: no more than these, and no fewer than minReplicas.
  // minReplicas: no fewer than these.
  // cpu: what the pods are to use on average, in percent of what they request; null if that is no measure.
  // memory: the same for memory.
  // target: the workload's name.
  // kind: of the workload, Deployment or StatefulSet.
  horizontalPodAutoscaler(
    params,
    name,
    maxReplicas=error 'k8s.horizontalPodAutoscaler: set maxReplicas',
    minReplicas=2,
    cpu=75,
    memory=null,
    target=name,
    kind='Deployment',
  ):: namespaced(params, 'autoscaling/v2', 'HorizontalPodAutoscaler', name, target) + {
    spec: {
      maxReplicas: common.atLeast('k8s.horizontalPodAutoscaler: maxReplicas', maxReplicas, 'minReplicas', minReplicas),
      // The API server takes none for 80 % of the CPU.
      metrics:
        if cpu == null && memory == null then error 'k8s.horizontalPodAutoscaler: set cpu or memory'
        else utilization('cpu', cpu) + utilization('memory', memory),
      minReplicas: minReplicas,
      scaleTargetRef: {
        apiVersion: 'apps/v1',
        kind: common.oneOf('k8s.horizontalPodAutoscaler: kind', kind, ['Deployment', 'ReplicaSet', 'StatefulSet']),
        name: target,
      },
    },
  },

  // A rule for objects, which the API server applies where a
  // `k8s.validatingAdmissionPolicyBinding` says.
  // resources: what it is about, `[{apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments']}]`.
  // validations: from message to what must hold, in CEL,
  // `{'at most 5 replicas': 'object.spec.replicas <= 5'}`, or a list as Kubernetes has it.
  // operations: CREATE, UPDATE, DELETE or CONNECT.
  validatingAdmissionPolicy(
    name,
    resources=error 'k8s.validatingAdmissionPolicy: set resources',
    validations=error 'k8s.validatingAdmissionPolicy: set validations',
    operations=['CREATE', 'UPDATE'],
    app=name,
  ):: object(admission, 'ValidatingAdmissionPolicy', name, app) + {
    local validation(message, expression) = { expression: expression, message: message },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: { resourceRules: [{ operations: operations } + resource for resource in resources] },
      validations: list(validations, validation),
    },
  },

  // Where a `k8s.validatingAdmissionPolicy` holds.
  // policy: its name.
  // validationActions: what happens to an object that is against it, Deny, Warn or Audit.
  // namespaces: their names; all if empty.
  validatingAdmissionPolicyBinding(name, policy=name, validationActions=['Deny'], namespaces=[], app=name)::
    object(admission, 'ValidatingAdmissionPolicyBinding', name, app) + {
      spec: {
        [common.set('matchResources', namespaces)]: {
          namespaceSelector: {
            matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: namespaces }],
          },
        },
        policyName: policy,
        validationActions: validationActions,
      },
    },
}
