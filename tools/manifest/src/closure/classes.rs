//! Classes that setup makes for the whole cluster: of priority, of run time, of Ingresses.

use windlass_k8s_object::images::pod_spec;

use super::graph::Target;
use super::{Check, text};

pub(super) fn check(check: &mut Check<'_>) {
    let document = check.document();
    if check.is("networking.k8s.io", "Ingress")
        && let Some(name) = text(document, "/spec/ingressClassName")
    {
        let group = "networking.k8s.io";
        let kind = "IngressClass";
        check.named("spec.ingressClassName", Target { group, kind }, name);
    }
    let Some((path, spec)) = pod_spec(document) else {
        return;
    };
    for (field, group, kind) in [
        ("priorityClassName", "scheduling.k8s.io", "PriorityClass"),
        ("runtimeClassName", "node.k8s.io", "RuntimeClass"),
    ] {
        if let Some(name) = text(spec, &format!("/{field}")) {
            check.named(&format!("{path}.{field}"), Target { group, kind }, name);
        }
    }
}
