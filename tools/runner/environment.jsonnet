// The runner in the namespace of one environment: the account that applies, its rights, what the runner itself
// may do there, who may ask, and the policies that fix what is asked and what runs under the account.
// Names are those of tools/lib/apply_request.
local k8s = import 'windlass/k8s.libsonnet';

local account = 'windlass-apply';
local jobs = 'windlass-apply-';
local app = 'windlass-runner';
local runner = { kind: 'ServiceAccount', name: 'runner', namespace: 'windlass-runner' };
local maker = 'system:serviceaccount:%(namespace)s:%(name)s' % runner;
local group = 'windlass.dev';
local admission = 'admissionregistration.k8s.io/v1';

// A value as CEL has it, which takes all that JSON does.
local cel(value) = std.manifestJsonMinified(value);

local isOneOf(texts) = std.join(', ', ['`%s`' % text for text in texts]);

// A policy of one namespace, and what switches it on.
local policy(namespace, name, spec) = {
  local whole = 'windlass-%s.%s' % [name, namespace],
  local labels = { 'app.kubernetes.io/name': app },
  ['%s-policy.json' % name]: {
    apiVersion: admission,
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: whole, labels: labels },
    spec: { failurePolicy: 'Fail' } + spec + {
      matchConstraints+: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      },
    },
  },
  ['%s-policy-binding.json' % name]: {
    apiVersion: admission,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: whole, labels: labels },
    spec: { policyName: whole, validationActions: ['Deny'] },
  },
};

local on(resources, operations, apiGroup='', version='v1') = {
  apiGroups: [apiGroup],
  apiVersions: [version],
  operations: operations,
  resources: resources,
};

// What may be asked for: the groups of this environment, each by its own bundle.
local asking(namespace, personal, targets) = policy(namespace, 'asking', {
  matchConstraints: { resourceRules: [on(['applyrequests'], ['CREATE'], group)] },
  variables: [{ name: 'targets', expression: cel(targets) }] + (
    if personal then [{
      name: 'owner',
      expression: 'namespaceObject.metadata.?annotations[?"windlass.dev/owner"].orValue("")',
    }] else []
  ),
  validations: [
    {
      expression: 'object.spec.target in variables.targets',
      messageExpression: '"no group `" + object.spec.target + "` is applied in `%s`; want one of %s"' % [
        namespace,
        isOneOf(std.objectFields(targets)),
      ],
      reason: 'Forbidden',
    },
    {
      expression: |||
        !(object.spec.target in variables.targets)
        || object.spec.bundle.split("@")[0] == variables.targets[object.spec.target]
      |||,
      messageExpression: '"got bundle `" + object.spec.bundle + "`, want one of `" + variables.targets[object.spec.target] + "`"',
      reason: 'Forbidden',
    },
  ] + (
    // A namespace of one person's own: theirs alone, and nobody's until somebody has said whose.
    if personal then [{
      expression: 'variables.owner != ""',
      messageExpression: '"nobody has said whose namespace `%s` is; if it is yours, an administrator does: kubectl annotate namespace %s windlass.dev/owner=\'" + request.userInfo.username + "\'"' % [
        namespace,
        namespace,
      ],
      reason: 'Forbidden',
    }, {
      expression: 'variables.owner == "" || variables.owner == request.userInfo.username',
      messageExpression: '"namespace `%s` is not yours: it belongs to `" + variables.owner + "`, you are `" + request.userInfo.username + "`"' % namespace,
      reason: 'Forbidden',
    }] else []
  ),
});

// The Job of the runner as the API server has it: the fields of tools/runner/src/job.rs, and those that it
// fills in itself.
local made = {
  pod: [
    'automountServiceAccountToken',
    'containers',
    'dnsPolicy',
    'enableServiceLinks',
    'restartPolicy',
    'schedulerName',
    'securityContext',
    'serviceAccount',
    'serviceAccountName',
    'terminationGracePeriodSeconds',
  ],
  container: [
    'args',
    'image',
    'imagePullPolicy',
    'name',
    'resources',
    'securityContext',
    'terminationMessagePath',
    'terminationMessagePolicy',
  ],
};

// What runs under the account: bundles of this environment, in Jobs of the runner; and the runner makes no
// others, since under another account it could take what that has.
local running(namespace, targets) =
  local podOf(object) =
    '(request.resource.resource == "jobs" ? dyn(%s).spec.template.spec : dyn(%s).spec)' % [object, object];
  policy(namespace, 'running', {
    matchConstraints: {
      resourceRules: [
        on(['jobs'], ['CREATE', 'UPDATE'], 'batch'),
        on(['pods', 'pods/ephemeralcontainers'], ['CREATE', 'UPDATE']),
      ],
    },
    matchConditions: [{
      name: 'account',
      expression: |||
        %s.?serviceAccountName.orValue("") == %s
        || request.resource.resource == "jobs" && request.userInfo.username == %s
      ||| % [podOf('object'), cel(account), cel(maker)],
    }],
    variables: [
      { name: 'pod', expression: podOf('object') },
      // Pods have more, which the API server gives them; and a Job keeps what it was made with.
      { name: 'isMade', expression: 'request.resource.resource == "jobs" && request.operation == "CREATE"' },
      {
        name: 'more',
        expression: |||
          variables.pod.filter(field, !(field in %s))
          + variables.pod.containers.map(c, c.filter(field, !(field in %s)).join(", ")).filter(names, names != "")
        ||| % [cel(made.pod), cel(made.container)],
      },
      { name: 'repositories', expression: cel(std.set(std.objectValues(targets))) },
    ],
    validations: [
      {
        expression: 'variables.pod.?serviceAccountName.orValue("") == %s' % cel(account),
        message: 'the runner makes Jobs under account `%s` and no other' % account,
        reason: 'Forbidden',
      },
      {
        expression: |||
          request.operation != "CREATE" || (
            request.resource.resource == "jobs"
            ? request.userInfo.username == %s
            : request.userInfo.username in %s
              && has(dyn(object).metadata.ownerReferences)
              && dyn(object).metadata.ownerReferences.exists(o, o.kind == "Job" && o.name.startsWith(%s))
          )
        ||| % [
          cel(maker),
          // The Job controller, where it has an account of its own and where it has none.
          cel(['system:serviceaccount:kube-system:job-controller', 'system:kube-controller-manager']),
          cel(jobs),
        ],
        message: 'account `%s` is for Jobs of the runner, and the pods of these' % account,
        reason: 'Forbidden',
      },
      {
        expression: |||
          variables.pod.containers.size() == 1
          && !has(variables.pod.initContainers)
          && !has(variables.pod.ephemeralContainers)
          && variables.pod.containers.all(c,
            c.image.matches("@sha256:[0-9a-f]{64}$") && c.image.split("@")[0] in variables.repositories)
        |||,
        message: 'account `%s` runs one image, by digest, of %s' % [
          account,
          isOneOf(std.set(std.objectValues(targets))),
        ],
        reason: 'Forbidden',
      },
      {
        expression: |||
          variables.pod.containers.all(c,
            !has(c.command) && has(c.args) && c.args.size() == 3
            && c.args[0] == "apply" && c.args[1] == "--in-cluster" && c.args[2].matches("^--timeout=[0-9]+s$"))
        |||,
        message: 'account `%s` runs `apply --in-cluster --timeout=<seconds>s`' % account,
        reason: 'Forbidden',
      },
      {
        expression: '!variables.isMade || variables.more.size() == 0',
        messageExpression: '"a Job under account `%s` is as the runner makes it; got " + variables.more.join(", ")' % account,
        reason: 'Forbidden',
      },
      {
        expression: |||
          !variables.isMade || (
            variables.pod.securityContext == {"runAsNonRoot": dyn(true), "seccompProfile": dyn({"type": "RuntimeDefault"})}
            && variables.pod.containers.all(c, has(c.securityContext) && c.securityContext
              == {"allowPrivilegeEscalation": dyn(false), "capabilities": dyn({"drop": ["ALL"]})})
          )
        |||,
        message: 'a Job under account `%s` has no more rights on its node than the runner gives it' % account,
        reason: 'Forbidden',
      },
      {
        expression: |||
          request.operation == "CREATE"
          || variables.pod.containers.map(c, c.image) == %s.containers.map(c, c.image)
        ||| % podOf('oldObject'),
        message: 'what runs under account `%s` keeps its image' % account,
        reason: 'Forbidden',
      },
    ],
  });

// Who has the token of the account: the kubelet, for the account's pods, and nobody in these.
local token(namespace) = policy(namespace, 'token', {
  matchConstraints: {
    resourceRules: [
      on(['serviceaccounts/token'], ['CREATE']) + { resourceNames: [account] },
      on(['secrets'], ['CREATE', 'UPDATE']),
      on(['pods/attach', 'pods/exec'], ['CONNECT']),
    ],
  },
  matchConditions: [{
    name: 'account',
    expression: |||
      request.resource.resource == "serviceaccounts"
      || request.resource.resource == "pods" && request.name.startsWith(%s)
      || request.resource.resource == "secrets"
      && dyn(object).?type.orValue("") == "kubernetes.io/service-account-token"
      && dyn(object).metadata.?annotations[?"kubernetes.io/service-account.name"].orValue("") == %s
    ||| % [cel(jobs), cel(account)],
  }],
  validations: [{
    expression: 'request.resource.resource == "serviceaccounts" && "system:nodes" in request.userInfo.groups',
    message: 'nobody has the token of account `%s` but its pods' % account,
    reason: 'Forbidden',
  }],
});

// roles: the rules by namespace, as `k8s_roles` writes them.
// targets: the groups that may be applied, and the repositories of their bundles.
// developers: the group of users who may ask.
function(params, roles, targets, developers)
  local namespace = params.environment.namespace;
  local toRunner = { subjects: [runner] };
  // The account's rights, in its own namespace and in others.
  local rights(of) =
    local own = of == namespace;
    local name = if own then account else '%s.%s' % [account, namespace];
    local ending = if own then '' else '-in-' + of;
    local there = k8s.inNamespace(params, of);
    {
      ['account-role%s.json' % ending]: k8s.role(there, name, rules=roles[of], app=app),
      ['account-role-binding%s.json' % ending]:
        k8s.roleBinding(there, name, role=name, serviceAccount=account, app=app) + {
          subjects: [{ kind: 'ServiceAccount', name: account, namespace: namespace }],
        },
    };
  std.foldl(function(all, of) all + rights(of), std.objectFields(roles), {})
  + asking(namespace, params.environment.personal, targets)
  + running(namespace, targets)
  + token(namespace)
  + {
    'account.json': k8s.serviceAccount(params, account, app=app),

    'asking-role-binding.json':
      k8s.roleBinding(params, 'windlass-asking', role='windlass-asking', kind='ClusterRole', app=app) + {
        subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: developers }],
      },

    'runner-role.json': k8s.role(params, 'windlass-runner', app=app, rules=[
      k8s.rule(['jobs'], ['create', 'get'], apiGroups=['batch']),
      k8s.rule(['pods'], ['list']),
      k8s.rule(['pods/log'], ['get']),
    ]),

    'runner-role-binding.json':
      k8s.roleBinding(params, 'windlass-runner', role='windlass-runner', app=app) + toRunner,
  }
