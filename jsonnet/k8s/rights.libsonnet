// Who a pod is to the API server, and what it may do there.
local common = import 'object.libsonnet';
local namespaced = common.namespaced;
local object = common.object;
local oneOf = common.oneOf;

local rbac = 'rbac.authorization.k8s.io';

local to(params, serviceAccount) =
  [{ kind: 'ServiceAccount', name: serviceAccount, namespace: params.environment.namespace }];

{
  // An identity for pods. They get no token unless they ask for it, see `k8s.podSpec` and
  // `k8s.volume.serviceAccountToken`.
  serviceAccount(params, name, app=name):: namespaced(params, 'v1', 'ServiceAccount', name, app) + {
    automountServiceAccountToken: false,
  },

  // What a role allows: `rules=[k8s.rule(['pods'], ['get', 'list', 'watch'])]`.
  // resources: their names in the plural.
  // verbs: what may be done.
  // apiGroups: of the resources; '' is that of pods and Services.
  rule(resources, verbs, apiGroups=['']):: { apiGroups: apiGroups, resources: resources, verbs: verbs },

  // What may be done in a namespace.
  // rules: a list of what `k8s.rule` gives.
  role(params, name, rules=error 'k8s.role: set rules', app=name)::
    namespaced(params, rbac + '/v1', 'Role', name, app) + { rules: rules },

  // Gives a role to a service account of the same namespace.
  // role: its name.
  // kind: Role, or ClusterRole for one of those, within this namespace.
  roleBinding(params, name, role=name, serviceAccount=name, kind='Role', app=name)::
    namespaced(params, rbac + '/v1', 'RoleBinding', name, app) + {
      roleRef: {
        apiGroup: rbac,
        kind: oneOf('k8s.roleBinding: kind', kind, ['ClusterRole', 'Role']),
        name: role,
      },
      subjects: to(params, serviceAccount),
    },

  // What may be done in all namespaces, and to objects that are in none.
  // rules: a list of what `k8s.rule` gives.
  clusterRole(name, rules=error 'k8s.clusterRole: set rules', app=name)::
    object(rbac + '/v1', 'ClusterRole', name, app) + { rules: rules },

  // Gives a `k8s.clusterRole`, everywhere, to a service account of the namespace of params.
  // role: its name.
  clusterRoleBinding(params, name, role=name, serviceAccount=name, app=name)::
    object(rbac + '/v1', 'ClusterRoleBinding', name, app) + {
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
      subjects: to(params, serviceAccount),
    },
}
