// What promtool reads: the rules of a PrometheusRule.
function(rules) { groups: rules.spec.groups }
