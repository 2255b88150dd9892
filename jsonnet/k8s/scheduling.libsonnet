// Where pods run, and which of them first. `deployment + k8s.podSpec({ affinity: ... })` and the like
// put these into a workload.
local common = import 'object.libsonnet';
local object = common.object;
local set = common.set;

local podTerm(app, topologyKey) = { labelSelector: common.pods(app), topologyKey: topologyKey };

// Preferred terms have a weight; there is one, so which does not matter.
local podTerms(what, strength, term) =
  if common.oneOf(what + ': strength', strength, ['preferred', 'required']) == 'required' then {
    requiredDuringSchedulingIgnoredDuringExecution: [term],
  } else {
    preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }],
  };

{
  // Spreads the pods of an app evenly: an entry of `topologySpreadConstraints`.
  // topologyKey: the label of nodes to spread across, such as `topology.kubernetes.io/zone`.
  // maxSkew: how many more pods than elsewhere may be at one place.
  // whenUnsatisfiable: what happens where that cannot be, ScheduleAnyway or DoNotSchedule.
  spread(app, topologyKey='kubernetes.io/hostname', maxSkew=1, whenUnsatisfiable='ScheduleAnyway'):: {
    labelSelector: common.pods(app),
    maxSkew: maxSkew,
    topologyKey: topologyKey,
    whenUnsatisfiable: common.oneOf(
      'k8s.spread: whenUnsatisfiable',
      whenUnsatisfiable,
      ['DoNotSchedule', 'ScheduleAnyway'],
    ),
  },

  // Near the pods of an app: `affinity: k8s.podAffinity('cache')`. The three kinds of affinity add up:
  // `k8s.podAffinity('cache') + k8s.podAntiAffinity('client')`.
  // topologyKey: the label of nodes that says what is near.
  // strength: `preferred` or `required`.
  podAffinity(app, topologyKey='kubernetes.io/hostname', strength='preferred'):: {
    podAffinity: podTerms('k8s.podAffinity', strength, podTerm(app, topologyKey)),
  },

  // Away from the pods of an app, its own for instance: `affinity: k8s.podAntiAffinity('redis')`.
  // topologyKey: the label of nodes that says what is near.
  // strength: `preferred` or `required`.
  podAntiAffinity(app, topologyKey='kubernetes.io/hostname', strength='preferred'):: {
    podAntiAffinity: podTerms('k8s.podAntiAffinity', strength, podTerm(app, topologyKey)),
  },

  // On nodes with certain labels: `affinity: k8s.nodeAffinity({ 'kubernetes.io/arch': ['arm64'] })`.
  // labels: from each label to the values it may have; all of them have to suit.
  // strength: `required` or `preferred`.
  nodeAffinity(labels, strength='required')::
    local expression(key, values) = { key: key, operator: 'In', values: values };
    local term = { matchExpressions: common.list(labels, expression) };
    local required = common.oneOf('k8s.nodeAffinity: strength', strength, ['preferred', 'required']) == 'required';
    {
      nodeAffinity: if required then {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
      } else {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: term }],
      },
    },

  // Lets pods run on nodes with a taint: an entry of `tolerations`.
  // key: of the taint.
  // value: of the taint, any if not given.
  // effect: of the taint, NoSchedule, PreferNoSchedule or NoExecute, any if not given.
  toleration(key, value=null, effect=null):: {
    [set('effect', effect)]: effect,
    key: key,
    operator: if value == null then 'Exists' else 'Equal',
    [set('value', value)]: value,
  },

  // A class of pods that go before others: `k8s.podSpec({ priorityClassName: 'urgent' })`.
  // value: the higher, the sooner; pods without a class have 0.
  // description: when to use it.
  priorityClass(name, value=error 'k8s.priorityClass: set value', description=null, app=name)::
    object('scheduling.k8s.io/v1', 'PriorityClass', name, app) + {
      [set('description', description)]: description,
      value: value,
    },

  // Another way to run containers: `k8s.podSpec({ runtimeClassName: 'gvisor' })`.
  // handler: what the nodes' container runtime calls it.
  runtimeClass(name, handler=name, app=name)::
    object('node.k8s.io/v1', 'RuntimeClass', name, app) + { handler: handler },
}
