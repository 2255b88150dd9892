//! Why an object is not ready: the pod, the container, the reason, and what the container said.
//!
//! [`problems`] is pure; [`gather`] adds the last event and the last log lines, by reading.

use std::fmt;

use serde_json::Value;
use windlass_k8s_object::Key;

use crate::cluster::{Cluster, ContainerOf, Reach, Resource, Selector};
use crate::watch::Store;

/// How many log lines are shown.
const LOG_LINES: u32 = 10;

/// A pod that keeps its owner from being ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The container; `None` where the pod has not come so far.
    pub container: Option<String>,
    /// Kubernetes' word: `CrashLoopBackOff`.
    pub reason: String,
    /// Kubernetes' sentence.
    pub message: Option<String>,
    /// The exit code of the container's last run.
    pub exit_code: Option<i64>,
    /// How often it was started again.
    pub restarts: u64,
    /// Whether it may heal.
    pub outlook: Outlook,
}

/// Whether a problem may heal by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outlook {
    /// It may.
    Open,
    /// It may, in the first seconds: something that it needs is on its way.
    HopelessIfItLasts,
    /// It won't.
    Hopeless,
}

/// `pod server-6f5d-x2x9k, container server: CrashLoopBackOff, exit 101, 3 restarts`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pod {}", self.pod)?;
        if let Some(container) = &self.container {
            write!(f, ", container {container}")?;
        }
        write!(f, ": {}", self.reason)?;
        if let Some(code) = self.exit_code {
            write!(f, ", exit {code}")?;
        }
        match self.restarts {
            0 => {}
            1 => write!(f, ", 1 restart")?,
            many => write!(f, ", {many} restarts")?,
        }
        match &self.message {
            Some(message) if self.exit_code.is_none() => write!(f, ", {message}"),
            _ => Ok(()),
        }
    }
}

/// Which pods of an owner are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revision {
    /// Those of its present template: an old pod that crashes is being replaced.
    Newest,
    /// All.
    Any,
}

/// What keeps an object's pods from being ready, the worst first.
pub fn problems(owner: &Value, store: &Store, revision: Revision) -> Vec<Problem> {
    let mut problems: Vec<Problem> = pods_of(owner, store, revision)
        .into_iter()
        .filter_map(problem_of)
        .collect();
    problems.sort_by(|a, b| b.outlook.cmp(&a.outlook).then_with(|| a.pod.cmp(&b.pod)));
    problems
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn pods_of<'a>(owner: &'a Value, store: &'a Store, revision: Revision) -> Vec<&'a Value> {
    let uid = text(owner, "/metadata/uid");
    let pods_owned_by = |uid: &str| -> Vec<&'a Value> { store.owned(uid, "v1", "Pod").collect() };
    let labelled = |label: &str, want: &str| -> Vec<&'a Value> {
        let newest = |pod: &&Value| {
            revision == Revision::Any || want.is_empty() || pod["metadata"]["labels"][label] == want
        };
        pods_owned_by(uid).into_iter().filter(newest).collect()
    };
    match owner["kind"].as_str().unwrap_or_default() {
        "Pod" => vec![owner],
        "Deployment" => {
            let number = "deployment.kubernetes.io/revision";
            let want = &owner["metadata"]["annotations"][number];
            let newest = |set: &&Value| {
                revision == Revision::Any || set["metadata"]["annotations"][number] == *want
            };
            let sets = store.owned(uid, "apps/v1", "ReplicaSet").filter(newest);
            sets.flat_map(|set| pods_owned_by(text(set, "/metadata/uid")))
                .collect()
        }
        "StatefulSet" => labelled(
            "controller-revision-hash",
            text(owner, "/status/updateRevision"),
        ),
        "DaemonSet" => {
            let generation =
                &owner["metadata"]["annotations"]["deprecated.daemonset.template.generation"];
            labelled(
                "pod-template-generation",
                generation.as_str().unwrap_or_default(),
            )
        }
        _ => pods_owned_by(uid),
    }
}

/// What keeps one pod from being ready; `None` if nothing does, or it is on its way out.
fn problem_of(pod: &Value) -> Option<Problem> {
    if pod["metadata"]["deletionTimestamp"].is_string() {
        return None;
    }
    let blank = |container: Option<&str>, reason: &str, message: &str, outlook| Problem {
        namespace: text(pod, "/metadata/namespace").to_owned(),
        pod: text(pod, "/metadata/name").to_owned(),
        container: container.map(str::to_owned),
        reason: reason.to_owned(),
        message: (!message.is_empty()).then(|| message.to_owned()),
        exit_code: None,
        restarts: 0,
        outlook,
    };
    let list = |name: &str| pod["status"][name].as_array().into_iter().flatten();
    let statuses = list("initContainerStatuses").chain(list("containerStatuses"));
    let found = statuses.filter_map(|status| container_problem(status, &blank));
    let worst = found.max_by_key(|problem| problem.outlook);
    if worst.is_some() {
        return worst;
    }
    let conditions = pod["status"]["conditions"].as_array();
    let is_false = |kind: &str| {
        conditions
            .into_iter()
            .flatten()
            .find(|c| c["type"] == kind && c["status"] == "False")
    };
    let condition = is_false("PodScheduled").or_else(|| is_false("Ready"))?;
    if text(condition, "/reason") == "PodCompleted" {
        return None;
    }
    Some(blank(
        None,
        text(condition, "/reason"),
        text(condition, "/message"),
        Outlook::Open,
    ))
}

fn container_problem(
    status: &Value,
    blank: &impl Fn(Option<&str>, &str, &str, Outlook) -> Problem,
) -> Option<Problem> {
    let name = status["name"].as_str();
    let restarts = status["restartCount"].as_u64().unwrap_or(0);
    let ended = [
        &status["state"]["terminated"],
        &status["lastState"]["terminated"],
    ];
    let ended = ended.into_iter().find(|ended| ended.is_object());
    let exit_code = ended.and_then(|ended| ended["exitCode"].as_i64());
    let waiting = &status["state"]["waiting"];
    let (reason, message, outlook) = if waiting.is_object() {
        let reason = text(waiting, "/reason");
        let outlook = match reason {
            "InvalidImageName" | "ErrImageNeverPull" => Outlook::Hopeless,
            "CrashLoopBackOff" if restarts >= 3 => Outlook::Hopeless,
            "ErrImagePull"
            | "ImagePullBackOff"
            | "ImageInspectError"
            | "CreateContainerError"
            | "CreateContainerConfigError"
            | "RunContainerError" => Outlook::HopelessIfItLasts,
            _ => Outlook::Open,
        };
        (reason, text(waiting, "/message"), outlook)
    } else if status["state"]["terminated"].is_object() && exit_code != Some(0) {
        let ended = &status["state"]["terminated"];
        (
            text(ended, "/reason"),
            text(ended, "/message"),
            Outlook::Open,
        )
    } else if status["state"]["running"].is_object() && status["ready"] == false {
        ("not ready", "", Outlook::Open)
    } else {
        return None;
    };
    // A container that waits for its turn is nobody's fault.
    if matches!(reason, "PodInitializing" | "ContainerCreating" | "") {
        return None;
    }
    let mut problem = blank(name, reason, message, outlook);
    problem.exit_code = exit_code.filter(|_| reason != "not ready" || restarts > 0);
    problem.restarts = restarts;
    Some(problem)
}

/// Why an object is not ready, with evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The object.
    pub object: Key,
    /// What its own status says.
    pub says: String,
    /// The pod that keeps it from being ready.
    pub problem: Option<Problem>,
    /// The last warning of the pod, or of the object if it has no pod.
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
    /// The log lines and the event, as an error shows them.
    pub fn evidence(&self) -> Vec<String> {
        let log = self.log.iter().map(|line| format!("  | {line}"));
        let event = self.event.iter().map(|event| format!("event: {event}"));
        log.chain(event).collect()
    }

    /// What to type to see more.
    pub fn describe_command(&self, kubectl: &str) -> String {
        let (namespace, what) = match &self.problem {
            Some(problem) => (problem.namespace.as_str(), format!("pod/{}", problem.pod)),
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
    says: String,
    problem: Option<Problem>,
) -> Explanation {
    let event = match (&problem, &object.namespace) {
        (Some(problem), _) => last_event(cluster, &problem.namespace, "Pod", &problem.pod).await,
        (None, Some(namespace)) => {
            let (kind, name) = (object.kind.as_str(), object.name.as_str());
            last_event(cluster, namespace.as_str(), kind, name).await
        }
        (None, None) => None,
    };
    let log = match &problem {
        Some(Problem {
            namespace,
            pod,
            container: Some(container),
            ..
        }) => {
            let container = ContainerOf {
                namespace,
                pod,
                container,
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
    let time = |event: &Value| {
        let times = ["/lastTimestamp", "/series/lastObservedTime", "/eventTime"];
        times
            .map(|pointer| text(event, pointer).to_owned())
            .into_iter()
            .max()
            .unwrap_or_default()
    };
    let event = events.iter().max_by_key(|event| time(event))?;
    Some(format!(
        "{}: {}",
        text(event, "/reason"),
        text(event, "/message").trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(name: &str, owner: &str, revision: &str, status: &Value) -> Value {
        json!({"apiVersion": "v1", "kind": "Pod", "status": status, "metadata": {"name": name, "namespace": "alice",
            "labels": {"controller-revision-hash": revision}, "ownerReferences": [{"uid": owner}]}})
    }

    fn crashing(restarts: u64) -> Value {
        json!({"containerStatuses": [{"name": "server", "restartCount": restarts,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
            "lastState": {"terminated": {"exitCode": 101, "reason": "Error"}}}]})
    }

    fn set() -> Value {
        json!({"kind": "StatefulSet", "metadata": {"name": "redis", "namespace": "alice", "uid": "s"},
               "status": {"updateRevision": "new"}})
    }

    fn found(pods: Vec<Value>, revision: Revision) -> Vec<Problem> {
        let mut store = Store::default();
        for pod in pods {
            store.set(pod);
        }
        problems(&set(), &store, revision)
    }

    #[test]
    fn a_crash_loop_names_container_code_and_restarts() {
        let found = found(
            vec![pod("redis-0", "s", "new", &crashing(3))],
            Revision::Newest,
        );
        assert_eq!(
            found[0].to_string(),
            "pod redis-0, container server: CrashLoopBackOff, exit 101, 3 restarts"
        );
        assert_eq!(found[0].outlook, Outlook::Hopeless);
    }

    #[test]
    fn the_first_crashes_may_heal() {
        let found = found(
            vec![pod("redis-0", "s", "new", &crashing(2))],
            Revision::Newest,
        );
        assert_eq!(found[0].outlook, Outlook::Open);
    }

    #[test]
    fn old_pods_and_others_pods_do_not_count() {
        let pods = vec![
            pod("redis-0", "s", "old", &crashing(9)),
            pod("other-0", "x", "new", &crashing(9)),
        ];
        assert_eq!(found(pods.clone(), Revision::Newest), []);
        assert_eq!(found(pods, Revision::Any).len(), 1);
    }

    #[test]
    fn pods_of_a_deployment_go_through_its_newest_replica_set() {
        let replica_set = |name: &str, revision: &str| {
            json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": name, "namespace": "alice", "uid": name,
                "annotations": {"deployment.kubernetes.io/revision": revision},
                "ownerReferences": [{"uid": "d"}]}})
        };
        let owner = json!({"kind": "Deployment", "metadata": {"name": "server", "namespace": "alice",
            "uid": "d", "annotations": {"deployment.kubernetes.io/revision": "2"}}});
        let mut store = Store::default();
        store.set(replica_set("one", "1"));
        store.set(replica_set("two", "2"));
        store.set(pod("server-1", "one", "", &crashing(5)));
        store.set(pod("server-2", "two", "", &crashing(4)));
        let found = problems(&owner, &store, Revision::Newest);
        assert_eq!(
            found.iter().map(|p| p.pod.as_str()).collect::<Vec<_>>(),
            ["server-2"]
        );
    }

    #[test]
    fn images_and_configuration_get_a_moment() {
        for (reason, outlook) in [
            ("InvalidImageName", Outlook::Hopeless),
            ("ImagePullBackOff", Outlook::HopelessIfItLasts),
            ("CreateContainerConfigError", Outlook::HopelessIfItLasts),
        ] {
            let status = json!({"containerStatuses": [{"name": "a", "restartCount": 0,
                "state": {"waiting": {"reason": reason, "message": "no such thing"}}}]});
            let found = found(vec![pod("redis-0", "s", "new", &status)], Revision::Newest);
            assert_eq!(found[0].outlook, outlook, "{reason}");
            assert_eq!(
                found[0].to_string(),
                format!("pod redis-0, container a: {reason}, no such thing")
            );
        }
    }

    #[test]
    fn a_pod_that_finds_no_node() {
        let status = json!({"conditions": [{"type": "PodScheduled", "status": "False",
            "reason": "Unschedulable", "message": "0/1 nodes are available"}]});
        let found = found(vec![pod("redis-0", "s", "new", &status)], Revision::Newest);
        assert_eq!(
            found[0].to_string(),
            "pod redis-0: Unschedulable, 0/1 nodes are available"
        );
        assert_eq!(found[0].outlook, Outlook::Open);
    }

    #[test]
    fn pods_that_start_or_go_are_no_problem() {
        let starting = json!({"containerStatuses": [{"name": "a", "restartCount": 0,
            "state": {"waiting": {"reason": "ContainerCreating"}}}]});
        let mut going = pod("redis-1", "s", "new", &crashing(5));
        going["metadata"]["deletionTimestamp"] = json!("now");
        assert_eq!(
            found(
                vec![pod("redis-0", "s", "new", &starting), going],
                Revision::Newest
            ),
            []
        );
    }

    #[test]
    fn the_newest_event() {
        let events = [
            json!({"reason": "A", "message": "old", "lastTimestamp": "2024-01-01T00:00:00Z"}),
            json!({"reason": "B", "message": "new\n", "eventTime": "2024-01-02T00:00:00Z"}),
        ];
        assert_eq!(newest(&events).as_deref(), Some("B: new"));
    }
}
