//! Whether an object has become what it was told to be.
//!
//! The rules are those of kstatus (`sigs.k8s.io/cli-utils/pkg/kstatus/status`, `core.go` and
//! `generic.go`), but for these:
//!
//! - A `Job` is ready when it is complete, because groups wait for what it does.
//! - A `Pod` that failed has failed. How long a pod may crash or find no node is not asked here,
//!   see [`crate::patience`].
//! - A claim that waits for its first consumer is ready, and a `Service` with a selector is not
//!   before it has an endpoint, see [`readiness_among`].
//! - A `LoadBalancer` has its address; a `DaemonSet` that is updated by hand need not be up to
//!   date; an autoscaler can scale.
//! - An `Ingress` is ready at once. Nothing in it tells whether a controller has claimed it, and
//!   some controllers never write an address, so that waiting for one might never end. Who knows
//!   better says so: `ready_when = ["jsonpath={.status.loadBalancer.ingress}"]`.

mod claims;
mod kinds;
mod services;
mod workloads;

use serde_json::Value;

use crate::policy::ReadyWhen;
use crate::watch::Store;

pub use claims::storage_classes;
pub use services::endpoint_slices;
pub(crate) use services::selects;
pub use workloads::replicas;

/// How far an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It is as it was told to be.
    Current,
    /// On its way; what is missing, in a few words.
    InProgress(String),
    /// It will not get there by itself; why.
    Failed(String),
}

use Readiness::{Current, Failed, InProgress};

/// What an object is judged by beside its own status.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// What was read around it.
    pub store: &'a Store,
    /// The objects of the same run, as they were last seen.
    pub run: &'a [Value],
}

/// The readiness of one object as the API server shows it, by its own status.
pub fn readiness(object: &Value) -> Readiness {
    by_itself(object, &[])
}

/// The readiness of one object, by its own status, what its owner says must hold, and what is
/// around it.
pub fn readiness_among(
    object: &Value,
    ready_when: &[ReadyWhen],
    around: Surroundings<'_>,
) -> Readiness {
    let own = by_itself(object, ready_when);
    if own != Current {
        return own;
    }
    match (group(object), object["kind"].as_str().unwrap_or_default()) {
        ("", "Service") => services::with_endpoints(object, around),
        ("", "PersistentVolumeClaim") => claims::with_class(object, around.store),
        _ => Current,
    }
}

fn by_itself(object: &Value, ready_when: &[ReadyWhen]) -> Readiness {
    if object["metadata"]["deletionTimestamp"].is_string() {
        return InProgress("being deleted".to_owned());
    }
    let (group, kind) = (group(object), object["kind"].as_str().unwrap_or_default());
    if !is_observed(object, group, kind) {
        return unseen();
    }
    if let Some(standard) = standard_conditions(object) {
        return standard;
    }
    let own = match (group, kind) {
        ("apps", "Deployment") => workloads::deployment(object),
        ("apps", "StatefulSet") => workloads::stateful_set(object),
        ("apps", "DaemonSet") => workloads::daemon_set(object),
        ("apps", "ReplicaSet") | ("", "ReplicationController") => workloads::replica_set(object),
        ("batch", "Job") => workloads::job(object),
        ("", "Pod") => workloads::pod(object),
        ("", "PersistentVolumeClaim") => claims::claim(object),
        ("", "Service") => services::address(object),
        ("", "Namespace") => kinds::namespace(object),
        ("policy", "PodDisruptionBudget") => kinds::budget(object),
        ("autoscaling", "HorizontalPodAutoscaler") => kinds::autoscaler(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => kinds::definition(object),
        ("apiregistration.k8s.io", "APIService") => kinds::api_service(object),
        // Its owner knows better what makes it ready.
        _ if !ready_when.is_empty() => Current,
        _ => kinds::custom(object),
    };
    if own != Current {
        return own;
    }
    let open = ready_when.iter().find_map(|when| missing(object, when));
    open.map_or(Current, InProgress)
}

fn unseen() -> Readiness {
    InProgress("not seen by its controller yet".to_owned())
}

fn group(object: &Value) -> &str {
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Whether its controller has looked at it, as far as it tells. There are kinds whose status means
/// nothing before.
fn is_observed(object: &Value, group: &str, kind: &str) -> bool {
    let generation = object["metadata"]["generation"].as_i64();
    match object["status"]["observedGeneration"].as_i64() {
        Some(observed) => generation.is_none_or(|generation| observed >= generation),
        None => !matches!(
            (group, kind),
            (
                "apps",
                "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet"
            ) | ("", "ReplicationController")
                | ("policy", "PodDisruptionBudget")
        ),
    }
}

/// The conditions that kstatus defines for all kinds: what they say goes before all else.
fn standard_conditions(object: &Value) -> Option<Readiness> {
    let holds = |name| condition(object, name).filter(|found| found.status == "True");
    if let Some(reconciling) = holds("Reconciling") {
        return Some(InProgress(reconciling.says()));
    }
    holds("Stalled").map(|stalled| Failed(stalled.says()))
}

/// One condition of an object.
#[derive(Clone, Copy, Debug)]
struct Condition<'a> {
    /// `True`, `False` or `Unknown`.
    status: &'a str,
    reason: &'a str,
    message: &'a str,
    /// Whether it is of an older generation than the object.
    is_old: bool,
}

impl Condition<'_> {
    /// `Reason: message`, as far as they are there.
    fn says(&self) -> String {
        match (self.reason, self.message) {
            ("", message) => message.to_owned(),
            (reason, "") => reason.to_owned(),
            (reason, message) => format!("{reason}: {message}"),
        }
    }
}

fn condition<'a>(object: &'a Value, name: &str) -> Option<Condition<'a>> {
    let conditions = object["status"]["conditions"].as_array()?;
    // kubectl does not tell upper from lower case here.
    let is_it = |condition: &&Value| {
        let of = condition["type"].as_str().unwrap_or_default();
        of.eq_ignore_ascii_case(name)
    };
    let found = conditions.iter().find(is_it)?;
    let text = |field: &str| found[field].as_str().unwrap_or_default();
    let generation = object["metadata"]["generation"].as_i64();
    let observed = found["observedGeneration"].as_i64();
    Some(Condition {
        status: text("status"),
        reason: text("reason"),
        message: text("message"),
        is_old: matches!((observed, generation), (Some(old), Some(new)) if old < new),
    })
}

/// What is missing for something to hold; `None` if it holds.
fn missing(object: &Value, when: &ReadyWhen) -> Option<String> {
    let got = match when {
        ReadyWhen::Condition { name, status } => match condition(object, name) {
            None => "nothing".to_owned(),
            Some(found) if found.is_old => "one of an older generation".to_owned(),
            Some(found) if found.status == status => return None,
            Some(found) => [found.status.to_owned(), found.says()]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(", "),
        },
        ReadyWhen::Field { path, value } => {
            let found = path.get(object).filter(|found| !found.is_null());
            let found = found.map(|found| match found {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            match (found, value) {
                (None, _) => "nothing".to_owned(),
                (Some(_), None) => return None,
                (Some(found), Some(value)) if found == *value => return None,
                (Some(found), Some(_)) => format!("`{found}`"),
            }
        }
    };
    Some(format!("{when}: got {got}"))
}

/// A count in a status; 0 where it is not there, as Go leaves it out.
fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What must come of a status: kind by kind, one table.
    pub(super) fn hold(cases: &[(&str, Value, Readiness)]) {
        for (name, object, want) in cases {
            assert_eq!(readiness(object), *want, "{name}: {object}");
        }
    }

    pub(super) fn progress(text: &str) -> Readiness {
        InProgress(text.to_owned())
    }

    pub(super) fn failed(text: &str) -> Readiness {
        Failed(text.to_owned())
    }

    fn thing(generation: u64, status: &Value) -> Value {
        json!({"apiVersion": "x.dev/v1", "kind": "Thing",
               "metadata": {"generation": generation}, "status": status})
    }

    #[test]
    fn custom_kinds_by_what_they_say_of_themselves() {
        let of = |conditions: Value| thing(2, &json!({"conditions": conditions}));
        let says =
            |name: &str, status: &str| json!({"type": name, "status": status, "message": "so"});
        let ready = |status: &str| json!({"type": "Ready", "status": status, "reason": "Waits"});
        hold(&[
            ("no status", thing(1, &json!(null)), Current),
            ("no conditions", of(json!([])), Current),
            (
                "an unknown one",
                of(json!([{"type": "X", "status": "False"}])),
                Current,
            ),
            ("ready", of(json!([ready("True")])), Current),
            ("not ready", of(json!([ready("False")])), progress("Waits")),
            (
                "perhaps ready",
                of(json!([ready("Unknown")])),
                progress("Waits"),
            ),
            (
                "ready before the change",
                of(json!([{"type": "Ready", "status": "True", "observedGeneration": 1}])),
                unseen(),
            ),
            (
                "an older generation",
                thing(
                    2,
                    &json!({"observedGeneration": 1, "conditions": [ready("True")]}),
                ),
                unseen(),
            ),
            (
                "available",
                of(json!([{"type": "Available", "status": "True"}])),
                Current,
            ),
            (
                "not available",
                of(json!([{"type": "Available", "status": "False", "message": "no disk"}])),
                progress("no disk"),
            ),
            (
                "ready counts more than available",
                of(json!([{"type": "Available", "status": "False"}, ready("True")])),
                Current,
            ),
            (
                "stalled",
                of(json!([ready("True"), says("Stalled", "True")])),
                failed("so"),
            ),
            (
                "reconciling",
                of(json!([ready("True"), says("Reconciling", "True")])),
                progress("so"),
            ),
            (
                "neither",
                of(json!([
                    says("Stalled", "False"),
                    says("Reconciling", "False")
                ])),
                Current,
            ),
        ]);
    }

    #[test]
    fn standard_conditions_hold_for_built_in_kinds_too() {
        let stalled = json!({"apiVersion": "v1", "kind": "ConfigMap", "status":
            {"conditions": [{"type": "Stalled", "status": "True", "message": "no"}]}});
        assert_eq!(readiness(&stalled), failed("no"));
    }

    #[test]
    fn kinds_without_a_rule_are_ready_at_once() {
        for (api_version, kind) in [
            ("v1", "ConfigMap"),
            ("v1", "Secret"),
            ("batch/v1", "CronJob"),
            ("networking.k8s.io/v1", "Ingress"),
        ] {
            let object = json!({"apiVersion": api_version, "kind": kind,
                                "metadata": {"generation": 1}, "status": {}});
            assert_eq!(readiness(&object), Current, "{kind}");
        }
    }

    #[test]
    fn what_is_being_deleted_is_not_ready() {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap",
                            "metadata": {"deletionTimestamp": "2024-01-01T00:00:00Z"}});
        assert_eq!(readiness(&object), progress("being deleted"));
    }

    #[track_caller]
    fn when(texts: &[&str], object: &Value) -> Readiness {
        let parse = |text: &&str| ReadyWhen::parse(text).expect("a condition");
        let ready_when: Vec<ReadyWhen> = texts.iter().map(parse).collect();
        let store = Store::default();
        let around = Surroundings {
            store: &store,
            run: &[],
        };
        readiness_among(object, &ready_when, around)
    }

    #[test]
    fn what_an_owner_says_must_hold_decides_for_custom_kinds() {
        let object = thing(
            2,
            &json!({"phase": "Running", "size": 3, "parts": [{"up": true}], "conditions": [
                {"type": "Ready", "status": "False"},
                {"type": "Synced", "status": "True"},
                {"type": "Degraded", "status": "False", "reason": "AllWell", "message": "so far"},
                {"type": "Old", "status": "True", "observedGeneration": 1}]}),
        );
        for (texts, want) in [
            (&["condition=Synced"][..], Current),
            (&["condition=synced=True"], Current),
            (&["condition=Degraded=False", "condition=Synced"], Current),
            (
                &["condition=Synced", "condition=Degraded"],
                progress("condition=Degraded=True: got False, AllWell: so far"),
            ),
            (
                &["condition=Other"],
                progress("condition=Other=True: got nothing"),
            ),
            (
                &["condition=Old"],
                progress("condition=Old=True: got one of an older generation"),
            ),
            (&["jsonpath={.status.phase}"], Current),
            (&["jsonpath={.status.phase}=Running"], Current),
            (&["jsonpath={.status.size}=3"], Current),
            (&["jsonpath={.status.parts[0].up}=true"], Current),
            (
                &["jsonpath={.status.phase}=Done"],
                progress("jsonpath={.status.phase}=Done: got `Running`"),
            ),
            (
                &["jsonpath={.status.address}"],
                progress("jsonpath={.status.address}: got nothing"),
            ),
            // Without a word of its owner, its condition `Ready` counts.
            (&[], progress("")),
        ] {
            assert_eq!(when(texts, &object), want, "{texts:?}");
        }
    }

    #[test]
    fn what_an_owner_says_comes_to_what_a_built_in_kind_needs() {
        let ingress = |status: Value| {
            let object = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
                                "status": status});
            when(&["jsonpath={.status.loadBalancer.ingress}"], &object)
        };
        assert_eq!(ingress(json!({"loadBalancer": {"ingress": [{}]}})), Current);
        assert!(matches!(ingress(json!({})), InProgress(_)));
        let terminating = json!({"apiVersion": "v1", "kind": "Namespace",
                                 "status": {"phase": "Terminating"}});
        let held = when(&["jsonpath={.status.phase}=Terminating"], &terminating);
        assert_eq!(held, progress("being deleted"));
    }
}
