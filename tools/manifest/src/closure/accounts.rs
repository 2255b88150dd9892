//! Service accounts of pods, and roles and accounts of bindings.

use serde_json::Value;
use windlass_k8s_object::images::pod_spec;

use super::graph::{SERVICE_ACCOUNT, Target};
use super::{Check, entries, text};

const RBAC: &str = "rbac.authorization.k8s.io";

pub(super) fn check(check: &mut Check<'_>) {
    let document = check.document();
    if let Some((path, spec)) = pod_spec(document) {
        // The second is the name that the first once had.
        let fields = ["serviceAccountName", "serviceAccount"];
        let named = |field| Some((field, text(spec, &format!("/{field}"))?));
        if let Some((field, name)) = fields.into_iter().find_map(named) {
            check.named(&format!("{path}.{field}"), SERVICE_ACCOUNT, name);
        }
    }
    if check.is(RBAC, "RoleBinding") || check.is(RBAC, "ClusterRoleBinding") {
        binding(check, document);
    }
}

fn binding(check: &mut Check<'_>, document: &Value) {
    if let Some((kind, name)) = text(document, "/roleRef/kind").zip(text(document, "/roleRef/name"))
    {
        check.named("roleRef.name", Target { group: RBAC, kind }, name);
    }
    for (index, subject) in entries(document, "subjects") {
        if text(subject, "/kind") != Some("ServiceAccount") {
            continue;
        }
        let own = check.namespace();
        let namespace = text(subject, "/namespace").unwrap_or(own);
        if let Some(name) = text(subject, "/name") {
            let path = format!("subjects[{index}].name");
            check.named_in(&path, SERVICE_ACCOUNT, namespace, name);
        }
    }
}
