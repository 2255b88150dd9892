function(params) {
  list: params.list,
  namespace: params.environment.namespace,
}
