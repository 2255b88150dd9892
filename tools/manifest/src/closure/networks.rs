//! Network policies: whom they protect, and whom these may call. Who may call them is not looked
//! for: callers depend on what they call, so they are in other targets.

use serde_json::Value;

use super::finding::Problem;
use super::labels::Selector;
use super::pods::Pod;
use super::services::named;
use super::{Check, entries, text};

pub(super) fn check(check: &mut Check<'_>) {
    if !check.is("networking.k8s.io", "NetworkPolicy") {
        return;
    }
    let spec = &check.document()["spec"];
    if let Some(protected) = select(check, "spec.podSelector", spec.get("podSelector")) {
        for (rule, value) in entries(spec, "ingress") {
            ports(check, &format!("spec.ingress[{rule}]"), value, &protected);
        }
    }
    for (rule, value) in entries(spec, "egress") {
        let path = format!("spec.egress[{rule}]");
        let mut called = Vec::new();
        let mut is_known = true;
        for (peer, value) in entries(value, "to") {
            let path = format!("{path}.to[{peer}].podSelector");
            let own = value.get("podSelector");
            // Pods of other namespaces may be anybody's, and addresses too.
            if value
                .get("namespaceSelector")
                .is_some_and(|other| !other.is_null())
                || own.is_none()
            {
                is_known = false;
            } else if let Some(pods) = select(check, &path, own) {
                called.extend(pods);
            }
        }
        if is_known {
            ports(check, &path, value, &called);
        }
    }
}

/// The pods that a selector selects; that there is none is reported.
fn select<'a>(
    check: &mut Check<'a>,
    path: &str,
    selector: Option<&Value>,
) -> Option<Vec<&'a Pod<'a>>> {
    let selector = Selector::of(selector)?;
    let selected: Result<_, Problem> = selector.among(check.graph.pods(check.namespace()));
    match selected {
        Ok(pods) => Some(pods),
        Err(problem) => {
            check.report(path, problem);
            None
        }
    }
}

/// Ports by name, which are those of the pods.
fn ports(check: &mut Check<'_>, path: &str, rule: &Value, pods: &[&Pod<'_>]) {
    for (index, port) in entries(rule, "ports") {
        if let Some(name) = text(port, "/port") {
            let protocol = text(port, "/protocol").unwrap_or("TCP");
            let path = format!("{path}.ports[{index}].port");
            named(check, &path, name, protocol, pods);
        }
    }
}
