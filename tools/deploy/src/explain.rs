//! Why an object is not ready: the pod, the container, the reason, and what the container said.
//!
//! [`gather`] adds the last event and the last log lines to a [`Problem`], by reading.

use std::fmt;

use serde_json::Value;
use windlass_k8s_object::Key;

use crate::cluster::{Cluster, ContainerOf, Reach, Resource, Selector};
use crate::problem::{Problem, time_of};
use crate::ready::Readiness;

/// How many log lines are shown.
const LOG_LINES: u32 = 10;

/// Why an object is not ready, with evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The object.
    pub object: Key,
    /// What its own status says.
    pub says: String,
    /// What keeps it from being ready: a pod, or why there is none.
    pub problem: Option<Problem>,
    /// What its own status says where it says more than the problem: that it has failed.
    pub verdict: Option<String>,
    /// The last warning of what has the problem, or of the object if nothing has.
    pub event: Option<String>,
    /// The last log lines of the container.
    pub log: Vec<String>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            Some(problem) => problem.fmt(f),
            None => f.write_str(&self.says),
        }
    }
}

impl std::error::Error for Explanation {}

impl Explanation {
    /// The log lines, the object's verdict and the event, as an error shows them.
    pub fn evidence(&self) -> Vec<String> {
        let log = self.log.iter().map(|line| format!("  | {line}"));
        let verdict = self.verdict.iter().map(|verdict| {
            let kind = self.object.kind.as_str().to_lowercase();
            format!("{kind}: {verdict}")
        });
        let event = self.event.iter().map(|event| format!("event: {event}"));
        log.chain(verdict).chain(event).collect()
    }

    /// What to type to see more.
    pub fn describe_command(&self, kubectl: &str) -> String {
        let (namespace, what) = match &self.problem {
            Some(problem) => (
                problem.namespace.as_str(),
                format!("{}/{}", problem.kind.to_lowercase(), problem.name),
            ),
            None => (
                self.object
                    .namespace
                    .as_ref()
                    .map_or("", windlass_k8s_object::Namespace::as_str),
                format!(
                    "{}/{}",
                    self.object.kind.as_str().to_lowercase(),
                    self.object.name.as_str()
                ),
            ),
        };
        let namespace = if namespace.is_empty() {
            String::new()
        } else {
            format!(" -n {namespace}")
        };
        format!("{kubectl}{namespace} describe {what}")
    }
}

/// Adds the last event and the last log lines. What cannot be read is left out: it is evidence
/// for an error that is told in any case.
pub async fn gather(
    cluster: &Cluster,
    object: &Key,
    readiness: &Readiness,
    problem: Option<Problem>,
) -> Explanation {
    let (says, verdict) = match readiness {
        Readiness::Current => (String::new(), None),
        Readiness::InProgress(says) => (says.clone(), None),
        Readiness::Failed(says) => (says.clone(), problem.is_some().then(|| says.clone())),
    };
    let event = match (&problem, &object.namespace) {
        (Some(problem), _) => {
            let (kind, name) = (&problem.kind, &problem.name);
            last_event(cluster, &problem.namespace, kind, name).await
        }
        (None, Some(namespace)) => {
            let (kind, name) = (object.kind.as_str(), object.name.as_str());
            last_event(cluster, namespace.as_str(), kind, name).await
        }
        (None, None) => None,
    };
    let log = match &problem {
        Some(Problem {
            namespace,
            name: pod,
            container: Some(container),
            ..
        }) => {
            let container = ContainerOf {
                namespace,
                pod,
                container: &container.name,
            };
            cluster.log(&container, LOG_LINES).await.unwrap_or_default()
        }
        _ => String::new(),
    };
    let log = log
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(str::to_owned)
        .collect();
    // What Kubernetes says in both places is said once.
    let said = problem
        .as_ref()
        .and_then(|problem| problem.message.as_deref())
        .unwrap_or(&says);
    let event = event.filter(|event| {
        let message = event
            .split_once(": ")
            .map_or(event.as_str(), |(_, message)| message);
        !said.contains(message) && !message.contains(said)
    });
    Explanation {
        object: object.clone(),
        says,
        problem,
        verdict,
        event,
        log,
    }
}

async fn last_event(cluster: &Cluster, namespace: &str, kind: &str, name: &str) -> Option<String> {
    let events = Resource::built_in("v1", "Event", "events", Reach::Namespaced);
    let fields = format!("involvedObject.kind={kind},involvedObject.name={name},type=Warning");
    let selector = Selector {
        labels: None,
        fields: Some(fields),
    };
    let list = cluster
        .list(&events, Some(namespace), &selector)
        .await
        .ok()?;
    newest(list["items"].as_array()?)
}

/// The newest event, as `FailedScheduling: 0/1 nodes are available`.
fn newest(events: &[Value]) -> Option<String> {
    let event = events.iter().max_by_key(|event| time_of(event))?;
    let text = |field: &str| event[field].as_str().unwrap_or_default();
    Some(format!("{}: {}", text("reason"), text("message").trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_newest_event() {
        let events = [
            json!({"reason": "A", "message": "old", "lastTimestamp": "2024-01-01T00:00:00Z"}),
            json!({"reason": "B", "message": "new\n", "eventTime": "2024-01-02T00:00:00Z"}),
        ];
        assert_eq!(newest(&events).as_deref(), Some("B: new"));
    }
}
