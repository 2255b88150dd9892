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
                numbered(check, &path, number.and_then(Value::as_u64), pods);
            }
        }
    }
}

/// The ports of pods, each pod's apart; `None` where there is no pod, or one that others make.
fn known<'a>(pods: &[&Pod<'a>]) -> Option<Vec<Vec<Port<'a>>>> {
    let ports: Option<Vec<_>> = pods.iter().map(|pod| pod.ports()).collect();
    ports.filter(|ports| !ports.is_empty())
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
    let Some(known) = known(pods) else { return };
    let ports: Vec<_> = known.into_iter().flatten().collect();
    let is = |port: &Port<'_>| port.name == Some(name);
    if ports
        .iter()
        .any(|port| is(port) && port.protocol == protocol)
    {
        return;
    }
    let part = match ports.iter().find(|port| is(port)) {
        Some(other) => format!("{protocol} port `{name}`: it is {}", other.protocol),
        None => format!("port `{name}`"),
    };
    let names = ports.iter().filter_map(|port| port.name);
    let problem = Problem::Part {
        of: who(pods),
        part,
        nearest: nearest(name, names.filter(|other| *other != name)).map(str::to_owned),
    };
    check.report(path, problem);
}

/// Reports a port by number that no selected pod has. A pod need not say which ports it has; one
/// that says some has those.
fn numbered(check: &mut Check<'_>, path: &str, number: Option<u64>, pods: &[&Pod<'_>]) {
    let (Some(known), Some(number)) = (known(pods), number) else {
        return;
    };
    let is_silent = known.iter().any(Vec::is_empty);
    let numbers = known.iter().flatten().filter_map(|port| port.number);
    let numbers: Vec<_> = numbers.map(|number| number.to_string()).collect();
    let number = number.to_string();
    if is_silent || numbers.contains(&number) {
        return;
    }
    let problem = Problem::Part {
        of: who(pods),
        part: format!("port `{number}`"),
        nearest: nearest(&number, numbers.iter().map(String::as_str)).map(str::to_owned),
    };
    check.report(path, problem);
}
