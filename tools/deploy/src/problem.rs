//! What keeps an object's pods from being ready, and whether it may heal. Pure.

use std::cmp::Reverse;
use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::cluster::{Reach, Resource, Selector};
use crate::plan::is_owned_by;
use crate::ready::selects;
use crate::watch::Store;

/// For what no time mends: only another image name does.
const AT_ONCE: Duration = Duration::ZERO;

/// For an image that the registry does not give: the kubelet tries again after 10 s, so two tries
/// have failed.
const IMAGE_REFUSED: Duration = Duration::from_secs(20);

/// For a registry that does not answer well: the kubelet tries again after 10, 20 and 40 s, so
/// three tries have failed.
const IMAGE_TROUBLE: Duration = Duration::from_mins(1);

/// For a container that cannot be made: who makes the Secret that it needs may be at it.
const CONTAINER: Duration = Duration::from_secs(30);

/// For pods that may not be made: old ones that go make room in a quota, and a service account
/// comes a moment after its namespace.
const CREATION: Duration = Duration::from_secs(20);

/// For a pod that fits on no node: an autoscaler brings one within one or two minutes.
const NODE: Duration = Duration::from_mins(2);

/// The same where a node or a volume is on its way: clouds take their time.
const NODE_TO_COME: Duration = Duration::from_mins(4);

/// A container that has been started again so often is in a loop.
const CRASHES: u64 = 3;

/// Something that keeps an object from being ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its namespace.
    pub namespace: String,
    /// The kind of what has it: `Pod`, or what cannot make pods.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The container; `None` where there is none yet.
    pub container: Option<Container>,
    /// Kubernetes' word: `CrashLoopBackOff`.
    pub reason: String,
    /// Kubernetes' sentence.
    pub message: Option<String>,
    /// The exit code of the container's last run.
    pub exit_code: Option<i64>,
    /// Why it ended, where the exit code does not tell: `OOMKilled`.
    pub ended: Option<String>,
    /// How often it was started again.
    pub restarts: u64,
    /// Whether it may heal.
    pub outlook: Outlook,
}

/// A container of a pod.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// When it runs.
    pub role: Role,
}

/// When a container runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Before the others.
    Init,
    /// For as long as the pod does.
    Main,
}

/// Whether a problem may heal by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// It may.
    Open,
    /// It may, for so long: something that it needs is on its way.
    HopelessAfter(Duration),
    /// It may, if what it needs has come since it last failed: not if it fails once more.
    HopelessIfAgain,
}

impl Outlook {
    /// The worse, the greater.
    fn weight(self) -> Reverse<Duration> {
        match self {
            Self::HopelessAfter(after) => Reverse(after),
            Self::HopelessIfAgain => Reverse(Duration::from_nanos(1)),
            Self::Open => Reverse(Duration::MAX),
        }
    }
}

/// `pod server-6f5d-x2x9k, container server: CrashLoopBackOff, exit 101, 3 restarts`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.to_lowercase(), self.name)?;
        match &self.container {
            Some(Container { name, role }) if *role == Role::Init => {
                write!(f, ", init container {name}")?;
            }
            Some(Container { name, .. }) => write!(f, ", container {name}")?,
            None => {}
        }
        write!(f, ": {}", self.reason)?;
        if let Some(ended) = &self.ended {
            write!(f, ", {ended}")?;
        }
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

/// Events of pods that could not be made. Stateful sets, daemon sets and jobs say so nowhere else.
pub fn failed_creations() -> (Resource, Selector) {
    let events = Resource::built_in("v1", "Event", "events", Reach::Namespaced);
    let selector = Selector {
        labels: None,
        fields: Some(format!("reason={FAILED_CREATE},type=Warning")),
    };
    (events, selector)
}

const FAILED_CREATE: &str = "FailedCreate";

/// Replica sets.
pub fn replica_sets() -> Resource {
    Resource::built_in("apps/v1", "ReplicaSet", "replicasets", Reach::Namespaced)
}

/// What keeps an object's pods from being ready, the worst first.
pub fn problems(owner: &Value, store: &Store, revision: Revision) -> Vec<Problem> {
    let pods = pods_of(owner, store, revision).into_iter();
    let mut problems: Vec<Problem> = pods.filter_map(problem_of).collect();
    problems.extend(creation_problem(owner, store));
    problems.sort_by(|a, b| {
        let by_outlook = b.outlook.weight().cmp(&a.outlook.weight());
        by_outlook.then_with(|| a.name.cmp(&b.name))
    });
    problems
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn pods_of<'a>(owner: &'a Value, store: &'a Store, revision: Revision) -> Vec<&'a Value> {
    let namespace = text(owner, "/metadata/namespace");
    let uid = text(owner, "/metadata/uid");
    let pods = || store.all("v1", "Pod", namespace);
    let owned_by =
        |uid: &str| -> Vec<&'a Value> { pods().filter(|pod| is_owned_by(pod, uid)).collect() };
    let labelled = |label: &str, want: &str| -> Vec<&'a Value> {
        let newest = |pod: &&Value| {
            revision == Revision::Any || want.is_empty() || pod["metadata"]["labels"][label] == want
        };
        owned_by(uid).into_iter().filter(newest).collect()
    };
    match owner["kind"].as_str().unwrap_or_default() {
        "Pod" => vec![owner],
        "Service" => pods().filter(|pod| selects(owner, pod)).collect(),
        "Deployment" => {
            let number = "deployment.kubernetes.io/revision";
            let want = &owner["metadata"]["annotations"][number];
            let newest = |set: &&Value| {
                revision == Revision::Any || set["metadata"]["annotations"][number] == *want
            };
            let sets = store
                .all("apps/v1", "ReplicaSet", namespace)
                .filter(|set| is_owned_by(set, uid));
            sets.filter(newest)
                .flat_map(|set| owned_by(text(set, "/metadata/uid")))
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
        "Job" => {
            // The last one tells best why no more were made.
            let mut pods = owned_by(uid);
            pods.sort_by_key(|pod| Reverse(text(pod, "/metadata/creationTimestamp")));
            pods.truncate(1);
            pods
        }
        _ => owned_by(uid),
    }
}

/// A problem of an object, without what is known of containers.
fn blank(object: &Value, reason: &str, message: &str, outlook: Outlook) -> Problem {
    let kind = object["kind"].as_str().unwrap_or("Pod");
    Problem {
        namespace: text(object, "/metadata/namespace").to_owned(),
        kind: kind.to_owned(),
        name: text(object, "/metadata/name").to_owned(),
        container: None,
        reason: reason.to_owned(),
        message: (!message.is_empty()).then(|| message.to_owned()),
        exit_code: None,
        ended: None,
        restarts: 0,
        outlook,
    }
}

/// Why an owner's pods cannot be made: by its own condition, or by the newest event.
fn creation_problem(owner: &Value, store: &Store) -> Option<Problem> {
    let conditions = owner["status"]["conditions"].as_array();
    let failure = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition["type"] == "ReplicaFailure" && condition["status"] == "True");
    let message = match failure {
        Some(failure) => text(failure, "/message"),
        None if lacks_pods(owner) => text(last_failed_creation(owner, store)?, "/message"),
        None => return None,
    };
    // A webhook that does not answer may do so a little later.
    let is_refused = message.contains("is forbidden") || message.contains("is invalid");
    let outlook = if is_refused {
        Outlook::HopelessAfter(CREATION)
    } else {
        Outlook::Open
    };
    Some(blank(owner, FAILED_CREATE, message.trim(), outlook))
}

/// Whether there are fewer pods than there should be.
fn lacks_pods(owner: &Value) -> bool {
    let (spec, status) = (&owner["spec"], &owner["status"]);
    let count = |value: &Value| value.as_u64().unwrap_or(0);
    match owner["kind"].as_str() {
        Some("StatefulSet") => count(&status["replicas"]) < spec["replicas"].as_u64().unwrap_or(1),
        Some("DaemonSet") => {
            count(&status["currentNumberScheduled"]) < count(&status["desiredNumberScheduled"])
        }
        Some("Job") => count(&status["active"]) == 0,
        _ => false,
    }
}

fn last_failed_creation<'a>(owner: &'a Value, store: &'a Store) -> Option<&'a Value> {
    let (namespace, uid) = (
        text(owner, "/metadata/namespace"),
        text(owner, "/metadata/uid"),
    );
    let of_owner = |event: &&Value| {
        !uid.is_empty()
            && text(event, "/involvedObject/uid") == uid
            && event["reason"] == FAILED_CREATE
    };
    let events = store.all("v1", "Event", namespace);
    events.filter(of_owner).max_by_key(|event| time_of(event))
}

/// When an event was last seen.
pub fn time_of(event: &Value) -> &str {
    let times = ["/lastTimestamp", "/series/lastObservedTime", "/eventTime"];
    let times = times.map(|pointer| text(event, pointer));
    times.into_iter().max().unwrap_or_default()
}

/// What keeps one pod from being ready; `None` if nothing does, or it is on its way out.
fn problem_of(pod: &Value) -> Option<Problem> {
    if pod["metadata"]["deletionTimestamp"].is_string() {
        return None;
    }
    let list = |name: &str| pod["status"][name].as_array().into_iter().flatten();
    let init = list("initContainerStatuses").map(|status| (Role::Init, status));
    let statuses = init.chain(list("containerStatuses").map(|status| (Role::Main, status)));
    let found = statuses.filter_map(|(role, status)| container_problem(pod, role, status));
    let worst = found.max_by_key(|problem| problem.outlook.weight());
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
    if let Some(condition) = is_false("PodScheduled") {
        let (reason, message) = (text(condition, "/reason"), text(condition, "/message"));
        let outlook = outlook_of_scheduling(pod, reason, message);
        return Some(blank(pod, reason, message, outlook));
    }
    let condition = is_false("Ready")?;
    let (reason, message) = (text(condition, "/reason"), text(condition, "/message"));
    (reason != "PodCompleted").then(|| blank(pod, reason, message, Outlook::Open))
}

/// What the scheduler says while a node or a volume is on its way.
const TO_COME: [&str; 7] = [
    "no nodes available",
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/network-unavailable",
    "node.cloudprovider.kubernetes.io/uninitialized",
    "PersistentVolumeClaim",
    "persistent volumes to bind",
    "binding volumes",
];

fn outlook_of_scheduling(pod: &Value, reason: &str, message: &str) -> Outlook {
    // Others are being evicted for it, or somebody holds it back on purpose.
    if reason != "Unschedulable" || !text(pod, "/status/nominatedNodeName").is_empty() {
        return Outlook::Open;
    }
    let is_to_come = TO_COME.iter().any(|words| message.contains(words));
    Outlook::HopelessAfter(if is_to_come { NODE_TO_COME } else { NODE })
}

fn container_problem(pod: &Value, role: Role, status: &Value) -> Option<Problem> {
    let restarts = status["restartCount"].as_u64().unwrap_or(0);
    let ended = [
        &status["state"]["terminated"],
        &status["lastState"]["terminated"],
    ];
    let ended = ended.into_iter().find(|ended| ended.is_object());
    let exit_code = ended.and_then(|ended| ended["exitCode"].as_i64());
    let why = ended.map_or("", |ended| text(ended, "/reason"));
    let waiting = &status["state"]["waiting"];
    let (reason, message, outlook) = if waiting.is_object() {
        let (reason, message) = (text(waiting, "/reason"), text(waiting, "/message"));
        let outlook = outlook_of_waiting(reason, message, why, restarts);
        (reason, message, outlook)
    } else if status["state"]["terminated"].is_object() && exit_code != Some(0) {
        let message = text(&status["state"]["terminated"], "/message");
        (why, message, Outlook::Open)
    } else if status["state"]["running"].is_object() && status["ready"] == false {
        ("not ready", "", Outlook::Open)
    } else {
        return None;
    };
    // A container that waits for its turn is nobody's fault.
    if matches!(reason, "PodInitializing" | "ContainerCreating" | "") {
        return None;
    }
    let mut problem = blank(pod, reason, message, outlook);
    problem.container = Some(Container {
        name: text(status, "/name").to_owned(),
        role,
    });
    problem.exit_code = exit_code.filter(|_| reason != "not ready" || restarts > 0);
    let tells = !matches!(why, "" | "Error" | "Completed") && why != reason;
    problem.ended = (tells && problem.exit_code.is_some()).then(|| why.to_owned());
    problem.restarts = restarts;
    Some(problem)
}

/// Of a container that waits. `ended` is why its last run did.
fn outlook_of_waiting(reason: &str, message: &str, ended: &str, restarts: u64) -> Outlook {
    match reason {
        "InvalidImageName" | "ErrImageNeverPull" => Outlook::HopelessAfter(AT_ONCE),
        "ErrImagePull" | "ImagePullBackOff" if is_refusal(message) => {
            Outlook::HopelessAfter(IMAGE_REFUSED)
        }
        "ErrImagePull" | "ImagePullBackOff" | "ImageInspectError" => {
            Outlook::HopelessAfter(IMAGE_TROUBLE)
        }
        "CreateContainerError" | "CreateContainerConfigError" | "RunContainerError" => {
            Outlook::HopelessAfter(CONTAINER)
        }
        // Its program cannot be started: the two take turns.
        "CrashLoopBackOff" if matches!(ended, "StartError" | "ContainerCannotRun") => {
            Outlook::HopelessAfter(CONTAINER)
        }
        "CrashLoopBackOff" if restarts >= CRASHES => Outlook::HopelessIfAgain,
        _ => Outlook::Open,
    }
}

/// Whether a registry has understood and said no.
fn is_refusal(message: &str) -> bool {
    let message = message.to_lowercase();
    [
        "not found",
        "manifest unknown",
        "unauthorized",
        "denied",
        "forbidden",
    ]
    .iter()
    .any(|words| message.contains(words))
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

    /// The worst of one pod.
    #[track_caller]
    fn one(status: &Value) -> Problem {
        let pods = vec![pod("redis-0", "s", "new", status)];
        found(pods, Revision::Newest).remove(0)
    }

    fn waiting(list: &str, status: Value) -> Value {
        let mut container = json!({"name": "a", "restartCount": 0});
        container["state"]["waiting"] = status;
        json!({list: [container]})
    }

    #[test]
    fn a_crash_loop_names_container_code_and_restarts() {
        let problem = one(&crashing(3));
        assert_eq!(
            problem.to_string(),
            "pod redis-0, container server: CrashLoopBackOff, exit 101, 3 restarts"
        );
    }

    #[test]
    fn a_container_that_used_too_much_memory() {
        let mut status = crashing(1);
        status["containerStatuses"][0]["lastState"]["terminated"] =
            json!({"exitCode": 137, "reason": "OOMKilled"});
        assert_eq!(
            one(&status).to_string(),
            "pod redis-0, container server: CrashLoopBackOff, OOMKilled, exit 137, 1 restart"
        );
    }

    #[test]
    fn a_container_that_runs_before_the_others() {
        let mut status = crashing(4);
        status["initContainerStatuses"] = status["containerStatuses"].take();
        status["containerStatuses"] = json!([{"name": "main", "restartCount": 0,
            "state": {"waiting": {"reason": "PodInitializing"}}}]);
        let problem = one(&status);
        assert_eq!(
            problem.to_string(),
            "pod redis-0, init container server: CrashLoopBackOff, exit 101, 4 restarts"
        );
        assert_eq!(problem.outlook, Outlook::HopelessIfAgain);
    }

    #[test]
    fn what_may_heal_and_for_how_long() {
        let (open, after) = (Outlook::Open, Outlook::HopelessAfter);
        for (reason, message, want) in [
            (
                "InvalidImageName",
                "couldn't parse image name",
                after(AT_ONCE),
            ),
            ("ErrImageNeverPull", "not present", after(AT_ONCE)),
            ("ErrImagePull", "r.io/a:1: not found", after(IMAGE_REFUSED)),
            (
                "ImagePullBackOff",
                "Back-off: 401 Unauthorized",
                after(IMAGE_REFUSED),
            ),
            ("ErrImagePull", "pull access denied", after(IMAGE_REFUSED)),
            (
                "ErrImagePull",
                "dial tcp: i/o timeout",
                after(IMAGE_TROUBLE),
            ),
            (
                "ImagePullBackOff",
                "Back-off pulling image",
                after(IMAGE_TROUBLE),
            ),
            (
                "CreateContainerConfigError",
                "secret \"a\" not found",
                after(CONTAINER),
            ),
            ("CreateContainerError", "name is in use", after(CONTAINER)),
            ("RunContainerError", "no such program", after(CONTAINER)),
            ("CrashLoopBackOff", "back-off 10s", open),
            ("SomethingNew", "", open),
        ] {
            for list in ["containerStatuses", "initContainerStatuses"] {
                let status = waiting(list, json!({"reason": reason, "message": message}));
                assert_eq!(one(&status).outlook, want, "{reason} {message}");
            }
        }
        let status = waiting(
            "containerStatuses",
            json!({"reason": "ImagePullBackOff", "message": "no such thing"}),
        );
        assert_eq!(
            one(&status).to_string(),
            "pod redis-0, container a: ImagePullBackOff, no such thing"
        );
    }

    #[test]
    fn crashes() {
        for (restarts, why, want) in [
            (0, "Error", Outlook::Open),
            (2, "Error", Outlook::Open),
            (3, "Error", Outlook::HopelessIfAgain),
            (3, "Completed", Outlook::HopelessIfAgain),
            (3, "OOMKilled", Outlook::HopelessIfAgain),
            (0, "StartError", Outlook::HopelessAfter(CONTAINER)),
            (5, "ContainerCannotRun", Outlook::HopelessAfter(CONTAINER)),
        ] {
            let mut status = crashing(restarts);
            status["containerStatuses"][0]["lastState"]["terminated"]["reason"] = json!(why);
            assert_eq!(one(&status).outlook, want, "{restarts} {why}");
        }
        // Between two ends it runs, or has just ended.
        for state in [
            json!({"running": {}}),
            json!({"terminated": {"exitCode": 1, "reason": "Error"}}),
        ] {
            let status = json!({"containerStatuses": [{"name": "a", "restartCount": 9,
                "ready": false, "state": state}]});
            assert_eq!(one(&status).outlook, Outlook::Open);
        }
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
            found.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(),
            ["server-2"]
        );
    }

    #[test]
    fn pods_that_find_no_node() {
        let status = |reason: &str, message: &str| {
            json!({"conditions": [{"type": "PodScheduled", "status": "False",
                "reason": reason, "message": message}]})
        };
        let after = Outlook::HopelessAfter;
        for (reason, message, want) in [
            (
                "Unschedulable",
                "0/1 nodes are available: 1 Insufficient cpu.",
                after(NODE),
            ),
            (
                "Unschedulable",
                "1 node(s) didn't match Pod's node affinity/selector",
                after(NODE),
            ),
            (
                "Unschedulable",
                "1 node(s) had volume node affinity conflict",
                after(NODE),
            ),
            (
                "Unschedulable",
                "no nodes available to schedule pods",
                after(NODE_TO_COME),
            ),
            (
                "Unschedulable",
                "1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }",
                after(NODE_TO_COME),
            ),
            (
                "Unschedulable",
                "pod has unbound immediate PersistentVolumeClaims",
                after(NODE_TO_COME),
            ),
            ("SchedulingGated", "Scheduling is blocked", Outlook::Open),
        ] {
            assert_eq!(one(&status(reason, message)).outlook, want, "{message}");
        }
        let mut evicting = status("Unschedulable", "0/1 nodes are available");
        assert_eq!(
            one(&evicting).to_string(),
            "pod redis-0: Unschedulable, 0/1 nodes are available"
        );
        evicting["nominatedNodeName"] = json!("n");
        assert_eq!(one(&evicting).outlook, Outlook::Open);
    }

    /// What an owner lacks of pods, and the event that tells why.
    fn owner(kind: &str, status: Value) -> Value {
        let mut owner = json!({"kind": kind, "spec": {},
            "metadata": {"name": "web", "namespace": "alice", "uid": "o"}});
        owner["status"] = status;
        owner
    }

    fn event(name: &str, of: &str, at: &str, message: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": "alice"},
            "reason": "FailedCreate", "message": message, "lastTimestamp": at,
            "involvedObject": {"uid": of}})
    }

    const QUOTA: &str = "pods \"web-1\" is forbidden: exceeded quota: small";

    #[test]
    fn pods_that_may_not_be_made_by_a_condition() {
        for (message, want) in [
            (QUOTA, Outlook::HopelessAfter(CREATION)),
            (
                "pods \"web-1\" is forbidden: violates PodSecurity \"restricted:latest\"",
                Outlook::HopelessAfter(CREATION),
            ),
            (
                "Pod \"web-1\" is invalid: spec.a",
                Outlook::HopelessAfter(CREATION),
            ),
            (
                "failed calling webhook \"x\": context deadline exceeded",
                Outlook::Open,
            ),
        ] {
            for kind in ["Deployment", "ReplicaSet", "ReplicationController"] {
                let condition = json!({"type": "ReplicaFailure", "status": "True",
                    "reason": "FailedCreate", "message": message});
                let owner = owner(kind, json!({"conditions": [condition]}));
                let found = problems(&owner, &Store::default(), Revision::Newest);
                assert_eq!(found[0].outlook, want, "{message}");
                let kind = kind.to_lowercase();
                let text = format!("{kind} web: FailedCreate, {message}");
                assert_eq!(found[0].to_string(), text);
            }
        }
        let healed = json!([{"type": "ReplicaFailure", "status": "False", "message": QUOTA}]);
        let healed = owner("ReplicaSet", json!({"conditions": healed}));
        assert_eq!(problems(&healed, &Store::default(), Revision::Newest), []);
    }

    #[test]
    fn pods_that_may_not_be_made_by_an_event() {
        let mut store = Store::default();
        store.set(event("a", "o", "2024-01-01T00:00:00Z", "old"));
        store.set(event("b", "o", "2024-01-02T00:00:00Z", QUOTA));
        store.set(event("c", "other", "2024-01-03T00:00:00Z", "another's"));
        for (kind, status, lacks) in [
            ("StatefulSet", json!({"replicas": 0}), true),
            ("StatefulSet", json!({"replicas": 1}), false),
            (
                "DaemonSet",
                json!({"desiredNumberScheduled": 2, "currentNumberScheduled": 1}),
                true,
            ),
            (
                "DaemonSet",
                json!({"desiredNumberScheduled": 2, "currentNumberScheduled": 2}),
                false,
            ),
            ("Job", json!({}), true),
            ("Job", json!({"active": 1}), false),
        ] {
            let found = problems(&owner(kind, status), &store, Revision::Newest);
            let outlooks: Vec<Outlook> = found.iter().map(|problem| problem.outlook).collect();
            let want = lacks.then_some(Outlook::HopelessAfter(CREATION));
            assert_eq!(outlooks, Vec::from_iter(want), "{kind}");
            assert!(
                found
                    .iter()
                    .all(|problem| problem.message.as_deref() == Some(QUOTA))
            );
        }
    }

    #[test]
    fn a_job_by_the_last_of_its_pods() {
        let ended = |name: &str, at: &str, code: u64| {
            let mut pod = pod(
                name,
                "o",
                "",
                &json!({"phase": "Failed", "containerStatuses": [
                {"name": "a", "restartCount": 0, "state": {"terminated":
                    {"exitCode": code, "reason": "Error"}}}]}),
            );
            pod["metadata"]["creationTimestamp"] = json!(at);
            pod
        };
        let mut store = Store::default();
        store.set(ended("web-a", "2024-01-01T00:00:02Z", 2));
        store.set(ended("web-b", "2024-01-01T00:00:03Z", 3));
        store.set(ended("web-c", "2024-01-01T00:00:01Z", 1));
        let found = problems(&owner("Job", json!({})), &store, Revision::Newest);
        let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["pod web-b, container a: Error, exit 3"]);
    }

    #[test]
    fn the_worst_comes_first() {
        let bad_name = waiting("containerStatuses", json!({"reason": "InvalidImageName"}));
        let found = found(
            vec![
                pod("redis-0", "s", "new", &crashing(1)),
                pod(
                    "redis-1",
                    "s",
                    "new",
                    &waiting("containerStatuses", json!({"reason": "ErrImagePull"})),
                ),
                pod("redis-2", "s", "new", &crashing(5)),
                pod("redis-3", "s", "new", &bad_name),
            ],
            Revision::Newest,
        );
        let names: Vec<&str> = found.iter().map(|problem| problem.name.as_str()).collect();
        assert_eq!(names, ["redis-3", "redis-2", "redis-1", "redis-0"]);
    }

    #[test]
    fn pods_of_a_service_are_those_that_it_selects() {
        let service = json!({"apiVersion": "v1", "kind": "Service", "spec": {"selector":
            {"controller-revision-hash": "new"}}, "metadata": {"name": "web", "namespace": "alice"}});
        let mut store = Store::default();
        store.set(pod("redis-0", "s", "new", &crashing(1)));
        store.set(pod("redis-1", "s", "old", &crashing(1)));
        let found = problems(&service, &store, Revision::Newest);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].name, "redis-0");
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
}
