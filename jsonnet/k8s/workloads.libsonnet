// Pods, and what starts them.
local common = import 'object.libsonnet';
local namespaced = common.namespaced;
local nobody = common.nobody;
local pods = common.pods;
local selector = common.selector;
local set = common.set;

local podTemplate(app, containers, initContainers, volumes, serviceAccount, podAnnotations) = {
  metadata: {
    labels: selector(app),
    [set('annotations', podAnnotations)]: podAnnotations,
  },
  spec: {
    automountServiceAccountToken: false,
    containers: containers,
    [set('initContainers', initContainers)]: initContainers,
    securityContext: {
      fsGroup: nobody,
      runAsGroup: nobody,
      runAsNonRoot: true,
      runAsUser: nobody,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    [set('serviceAccountName', serviceAccount)]: serviceAccount,
    [set('volumes', volumes)]: volumes,
  },
};

// A container without a readiness probe is ready as soon as it runs, also where it ends at once: such
// pods count after two seconds. By `std.map`: a comprehension over a list whose element fails says
// `infinite recursion` instead of why.
local readyAfter(containers) =
  if std.all(std.map(function(container) std.objectHas(container, 'readinessProbe'), containers)) then {}
  else { minReadySeconds: 2 };

local jobSpec(attempts, template) = {
  backoffLimit: attempts,
  template: template { spec+: { restartPolicy: 'OnFailure' } },
};

{
  // Pods that are all alike, and are replaced one after the other when their description changes.
  deployment(
    params,
    name,
    containers=error 'k8s.deployment: set containers',
    replicas=1,
    app=name,
    initContainers=[],
    podAnnotations={},
    serviceAccount=null,
    volumes=[],
  ):: namespaced(params, 'apps/v1', 'Deployment', name, app) + {
    spec: {
      [set('replicas', replicas)]: replicas,
      selector: pods(app),
      template: podTemplate(app, containers, initContainers, volumes, serviceAccount, podAnnotations),
    } + readyAfter(containers),
  },

  // Pods with a name and storage of their own each. They start all at once: pods that wait for
  // each other in order never come up again after all were down.
  // claims: a list of what `k8s.claimTemplate` gives.
  // serviceName: of the headless service that names the pods.
  // whenDeleted: what becomes of the storage when the StatefulSet is deleted, Retain or Delete.
  statefulSet(
    params,
    name,
    containers=error 'k8s.statefulSet: set containers',
    replicas=1,
    app=name,
    claims=[],
    initContainers=[],
    podAnnotations={},
    serviceAccount=null,
    serviceName=name,
    volumes=[],
    whenDeleted='Retain',
  ):: namespaced(params, 'apps/v1', 'StatefulSet', name, app) + {
    spec: {
      podManagementPolicy: 'Parallel',
      [set('replicas', replicas)]: replicas,
      selector: pods(app),
      serviceName: serviceName,
      template: podTemplate(app, containers, initContainers, volumes, serviceAccount, podAnnotations),
      [set('persistentVolumeClaimRetentionPolicy', claims)]: {
        whenDeleted: common.oneOf('k8s.statefulSet: whenDeleted', whenDeleted, ['Delete', 'Retain']),
        whenScaled: 'Retain',
      },
      [set('volumeClaimTemplates', claims)]: claims,
    },
  },

  // A pod on each node. Nodes with taints get one only if it tolerates them, see `k8s.toleration`.
  daemonSet(
    params,
    name,
    containers=error 'k8s.daemonSet: set containers',
    app=name,
    initContainers=[],
    podAnnotations={},
    serviceAccount=null,
    volumes=[],
  ):: namespaced(params, 'apps/v1', 'DaemonSet', name, app) + {
    spec: {
      selector: pods(app),
      template: podTemplate(app, containers, initContainers, volumes, serviceAccount, podAnnotations),
    } + readyAfter(containers),
  },

  // Pods that are all alike, and stay as they are when their description changes. Most want a
  // `k8s.deployment`, which makes these.
  replicaSet(
    params,
    name,
    containers=error 'k8s.replicaSet: set containers',
    replicas=1,
    app=name,
    initContainers=[],
    podAnnotations={},
    serviceAccount=null,
    volumes=[],
  ):: namespaced(params, 'apps/v1', 'ReplicaSet', name, app) + {
    spec: {
      [set('replicas', replicas)]: replicas,
      selector: pods(app),
      template: podTemplate(app, containers, initContainers, volumes, serviceAccount, podAnnotations),
    } + readyAfter(containers),
  },

  // One pod, which nothing replaces when its node goes. Most want a `k8s.deployment` or a
  // `k8s.job`.
  pod(
    params,
    name,
    containers=error 'k8s.pod: set containers',
    app=name,
    initContainers=[],
    podAnnotations={},
    serviceAccount=null,
    volumes=[],
  )::
    local template = podTemplate(app, containers, initContainers, volumes, serviceAccount, podAnnotations);
    namespaced(params, 'v1', 'Pod', name, app) + { metadata+: template.metadata, spec: template.spec },

  // Pods that end.
  // attempts: how often a failed pod is tried again.
  job(
    params,
    name,
    containers=error 'k8s.job: set containers',
    app=name,
    attempts=6,
    initContainers=[],
    podAnnotations={},
    serviceAccount=null,
    volumes=[],
  ):: namespaced(params, 'batch/v1', 'Job', name, app) + {
    spec: jobSpec(
      attempts,
      podTemplate(app, containers, initContainers, volumes, serviceAccount, podAnnotations),
    ),
  },

  // A job that starts again and again, in UTC. One that still runs is not joined by the next.
  // schedule: as cron has it, `'30 4 * * *'` for half past four each day.
  // attempts: how often a failed pod is tried again, before the job waits for its next time.
  // concurrencyPolicy: what happens while one still runs, Forbid, Allow or Replace.
  cronJob(
    params,
    name,
    schedule=error 'k8s.cronJob: set schedule',
    containers=error 'k8s.cronJob: set containers',
    app=name,
    attempts=2,
    concurrencyPolicy='Forbid',
    initContainers=[],
    podAnnotations={},
    serviceAccount=null,
    volumes=[],
  ):: namespaced(params, 'batch/v1', 'CronJob', name, app) + {
    spec: {
      concurrencyPolicy: common.oneOf(
        'k8s.cronJob: concurrencyPolicy',
        concurrencyPolicy,
        ['Allow', 'Forbid', 'Replace'],
      ),
      jobTemplate: {
        metadata: { labels: selector(app) },
        spec: jobSpec(
          attempts,
          podTemplate(app, containers, initContainers, volumes, serviceAccount, podAnnotations),
        ),
      },
      schedule: schedule,
      timeZone: 'Etc/UTC',
    },
  },

  // Overrides fields of the pods of any workload: `deployment + k8s.podSpec({ hostname: 'x' })`.
  // fields: of the pod's spec; `+:` inside adds to what is there.
  podSpec(fields):: {
    local template = { template+: { spec+: fields } },
    spec+:
      if self.kind == 'Pod' then fields
      else if self.kind == 'CronJob' then { jobTemplate+: { spec+: template } }
      else template,
  },

  // Another user than nobody for the pods of any workload: `statefulSet + k8s.runAs(999)`.
  // user: its number; 0 is refused by the standard `restricted`.
  // group: its number, that of mounted volumes too.
  runAs(user, group=user):: $.podSpec({
    securityContext+: { fsGroup: group, runAsGroup: group, runAsUser: user },
  }),
}
