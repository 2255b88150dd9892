//! Services: the pods that they select, and the ports of these.

use serde_json::Value;
use windlass_nearest::nearest;

use super::finding::Problem;
use super::labels::Selector;
use super::pods::{Pod, Port};
use super::{Check, entries, text};

pub(super) fn check(check: &mut Check<'_>) {
    if !check.is("", "Service") {
        return;
    }
    let document = check.document();
    if text(document, "/spec/type") == Some("ExternalName") {
        return;
    }
    let Some(selector) = Selector::of_labels(document.pointer("/spec/selector")) else {
        return;
    };
    match selector.among(check.graph.pods(check.namespace())) {
        Ok(pods) => targets(check, &document["spec"], &pods),
        Err(problem) => check.report("spec.selector", problem),
    }
}

fn targets(check: &mut Check<'_>, spec: &Value, pods: &[&Pod<'_>]) {
    for (index, port) in entries(spec, "ports") {
        let protocol = text(port, "/protocol").unwrap_or("TCP");
        match port.get("targetPort").filter(|target| !target.is_null()) {
            Some(Value::String(name)) => {
                let path = format!("spec.ports[{index}].targetPort");
                named(check, &path, name, protocol, pods);
            }
            target => {
                let field = target.map_or("port", |_| "targetPort");
                let path = format!("spec.ports[{index}].{field}");
                let number = target.or_else(|| port.get("port"));
                numbered(check, &path, number.and_then(Value::as_u64), protocol, pods);
            }
        }
    }
}

/// The ports of pods; `None` where there is no pod, or one that others make.
fn known<'a>(pods: &[&Pod<'a>]) -> Option<Vec<Port<'a>>> {
    let ports: Option<Vec<_>> = pods.iter().map(|pod| pod.ports()).collect();
    ports
        .filter(|ports| !ports.is_empty())
        .map(|ports| ports.concat())
}

fn who(pods: &[&Pod<'_>]) -> String {
    match pods {
        [pod] => pod.owner(),
        _ => "what it selects".to_owned(),
    }
}

/// Reports a port by name that no selected pod has.
pub(super) fn named(
    check: &mut Check<'_>,
    path: &str,
    name: &str,
    protocol: &str,
    pods: &[&Pod<'_>],
) {
    let called = |port: &Port<'_>| port.name.map(str::to_owned);
    port(check, path, (name, protocol), pods, called);
}

/// Reports a port by number that no selected pod has. A pod need not say which ports it has; one
/// that says some has those.
fn numbered(
    check: &mut Check<'_>,
    path: &str,
    number: Option<u64>,
    protocol: &str,
    pods: &[&Pod<'_>],
) {
    let is_silent = |pod: &&Pod<'_>| pod.ports().is_some_and(|ports| ports.is_empty());
    if let Some(number) = number
        && !pods.iter().any(is_silent)
    {
        let called = |port: &Port<'_>| port.number.map(|number| number.to_string());
        port(check, path, (&number.to_string(), protocol), pods, called);
    }
}

/// Reports a port and its protocol, by what ports are called here, that no selected pod has.
fn port(
    check: &mut Check<'_>,
    path: &str,
    (want, protocol): (&str, &str),
    pods: &[&Pod<'_>],
    called: fn(&Port<'_>) -> Option<String>,
) {
    let Some(ports) = known(pods) else { return };
    let is = |port: &&Port<'_>| called(port).as_deref() == Some(want);
    let same: Vec<_> = ports.iter().filter(is).collect();
    if same.iter().any(|port| port.protocol == protocol) {
        return;
    }
    let part = match same.first() {
        Some(other) => format!("{protocol} port `{want}`: it is {}", other.protocol),
        None => format!("port `{want}`"),
    };
    let others = ports.iter().filter(|port| !is(port));
    let others: Vec<_> = others.filter_map(called).collect();
    let problem = Problem::Part {
        of: who(pods),
        part,
        nearest: nearest(want, others.iter().map(String::as_str)).map(str::to_owned),
    };
    check.report(path, problem);
}
