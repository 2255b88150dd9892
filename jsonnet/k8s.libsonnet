// Short constructors for Kubernetes objects, with the defaults of a careful cluster.
//
//   local k8s = import 'windlass/k8s.libsonnet';
//
//   function(params) {
//     'deployment.json': k8s.deployment(params, 'client', containers=[
//       k8s.container('client', args=['--server', 'server:50051']),
//     ]),
//   }
//
// Every result is a plain object: `+ { spec+: { replicas: 3 } }` overrides any field of it. An argument
// that has no sensible default says so by its name; a misspelt one is an error.
//
// Pods satisfy the Pod Security Standard `restricted`, say what they need, and get no token of their
// service account. Quantities are canonical (`1`, `100m`, `128Mi`).
//
// Some parameters are the same everywhere:
// params: what the rules pass in, `{environment: {name, namespace, ...}, service, ...}`; objects that
// live in a namespace take it from there.
// name: of the object.
// app: the value of the label `app.kubernetes.io/name`, by which pods are found. A name that no label can have, such
// as `example:reader`, needs one; where no app can be given, `+ { metadata+: { labels+: { ... } } }` does.
// containers: a list of what `k8s.container` gives.
// initContainers: containers that end before the others start, and what `k8s.sidecar` gives.
// podAnnotations: of the pods, such as those of `k8s.configHash`.
// replicas: how many pods; null where something else decides, such as a `k8s.horizontalPodAutoscaler`.
// serviceAccount: its name. Pods still get no token; `k8s.podSpec` gives them one.
// volumes: a list of what `k8s.volume` gives.
(import 'k8s/workloads.libsonnet')
+ (import 'k8s/containers.libsonnet')
+ (import 'k8s/scheduling.libsonnet')
+ (import 'k8s/storage.libsonnet')
+ (import 'k8s/config.libsonnet')
+ (import 'k8s/network.libsonnet')
+ (import 'k8s/rights.libsonnet')
+ (import 'k8s/policy.libsonnet')
