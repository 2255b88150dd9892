//! Ports by name in probes and lifecycle hooks: those of the container itself.

use windlass_k8s_object::images::containers;
use windlass_nearest::nearest;

use super::finding::Problem;
use super::pods::ports;
use super::{Check, text};

const HANDLERS: [&str; 5] = [
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle.postStart",
    "lifecycle.preStop",
];

pub(super) fn check(check: &mut Check<'_>) {
    for (path, container) in containers(check.document()) {
        for handler in HANDLERS {
            for action in ["httpGet", "tcpSocket"] {
                let field = format!("{handler}.{action}.port");
                let Some(name) = text(container, &format!("/{}", field.replace('.', "/"))) else {
                    continue;
                };
                let known: Vec<_> = ports(container).filter_map(|port| port.name).collect();
                if !known.contains(&name) {
                    let problem = Problem::Part {
                        of: "the container".to_owned(),
                        part: format!("port `{name}`"),
                        nearest: nearest(name, known).map(str::to_owned),
                    };
                    check.report(format!("{path}.{field}"), problem);
                }
            }
        }
    }
}
