//! Whether an object has become what it was told to be.
//!
//! The rules are those of kstatus (`sigs.k8s.io/cli-utils/pkg/kstatus/status`, `core.go` and
//! `generic.go`), with two differences:
//! a Job is ready when it is complete, because groups wait for what it does; and a claim that
//! waits for its first consumer is ready, since the consumer's readiness tells.

use serde_json::Value;

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

/// The readiness of one object as the API server shows it.
pub fn readiness(object: &Value) -> Readiness {
    if object["metadata"]["deletionTimestamp"].is_string() {
        return InProgress("being deleted".to_owned());
    }
    let group = object["apiVersion"]
        .as_str()
        .and_then(|v| v.split_once('/'))
        .map_or("", |v| v.0);
    let kind = object["kind"].as_str().unwrap_or_default();
    if !is_observed(object, group, kind) {
        return InProgress("not seen by its controller yet".to_owned());
    }
    match (group, kind) {
        ("apps", "Deployment") => deployment(object),
        ("apps", "StatefulSet") => stateful_set(object),
        ("apps", "DaemonSet") => daemon_set(object),
        ("apps", "ReplicaSet") => replica_set(object),
        ("batch", "Job") => job(object),
        ("", "Pod") => pod(object),
        ("", "PersistentVolumeClaim") => claim(object),
        ("", "Service") => service(object),
        ("", "Namespace") => namespace(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        _ => generic(object),
    }
}

/// Ready and wanted replicas of an object that makes pods; `None` for other kinds.
pub fn replicas(object: &Value) -> Option<(u64, u64)> {
    let status = &object["status"];
    match object["kind"].as_str()? {
        "Deployment" | "StatefulSet" | "ReplicaSet" => {
            Some((count(&status["readyReplicas"]), wanted(object)))
        }
        "DaemonSet" => Some((
            count(&status["numberReady"]),
            count(&status["desiredNumberScheduled"]),
        )),
        "Job" => Some((
            count(&status["succeeded"]),
            object["spec"]["completions"].as_u64().unwrap_or(1),
        )),
        "Pod" => Some((u64::from(readiness(object) == Current), 1)),
        _ => None,
    }
}

/// Kinds whose status means nothing until a controller has looked at them.
fn is_observed(object: &Value, group: &str, kind: &str) -> bool {
    let generation = object["metadata"]["generation"].as_i64();
    match object["status"]["observedGeneration"].as_i64() {
        Some(observed) => generation.is_none_or(|generation| observed >= generation),
        None => {
            !(group == "apps"
                && matches!(
                    kind,
                    "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet"
                ))
        }
    }
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

fn wanted(object: &Value) -> u64 {
    object["spec"]["replicas"].as_u64().unwrap_or(1)
}

/// A condition's status, reason and message.
fn condition<'a>(object: &'a Value, name: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let conditions = object["status"]["conditions"].as_array()?;
    let found = conditions
        .iter()
        .find(|condition| condition["type"] == name)?;
    let text = |field: &str| found[field].as_str().unwrap_or_default();
    Some((text("status"), text("reason"), text("message")))
}

fn deployment(object: &Value) -> Readiness {
    let status = &object["status"];
    let want = wanted(object);
    if let Some((_, "ProgressDeadlineExceeded", message)) = condition(object, "Progressing") {
        return Failed(message.to_owned());
    }
    let [made, updated, available, ready] = [
        "replicas",
        "updatedReplicas",
        "availableReplicas",
        "readyReplicas",
    ]
    .map(|field| count(&status[field]));
    if let Some(("True", _, message)) = condition(object, "ReplicaFailure") {
        return InProgress(message.to_owned());
    }
    if made < want || updated < want {
        return InProgress(format!("{updated} of {want} pods made"));
    }
    if made > want {
        return InProgress(format!("{} old pods still there", made - want));
    }
    if ready < want || available < want {
        return InProgress(format!("{} of {want} pods ready", ready.min(available)));
    }
    match condition(object, "Available") {
        Some(("True", ..)) => Current,
        _ => InProgress("not available".to_owned()),
    }
}

fn stateful_set(object: &Value) -> Readiness {
    let (spec, status) = (&object["spec"], &object["status"]);
    if spec["updateStrategy"]["type"] == "OnDelete" {
        return Current;
    }
    let want = wanted(object);
    let made = count(&status["replicas"]);
    let ready = count(&status["readyReplicas"]);
    if made < want {
        return InProgress(format!("{made} of {want} pods made"));
    }
    if ready < want {
        return InProgress(format!("{ready} of {want} pods ready"));
    }
    if made > want {
        return InProgress(format!("{} old pods still there", made - want));
    }
    let partition = count(&spec["updateStrategy"]["rollingUpdate"]["partition"]);
    let updated = count(&status["updatedReplicas"]);
    if partition > 0 {
        let want = want.saturating_sub(partition);
        return if updated < want {
            InProgress(format!("{updated} of {want} pods updated"))
        } else {
            Current
        };
    }
    if status["currentRevision"] != status["updateRevision"] {
        return InProgress(format!("{updated} of {want} pods updated"));
    }
    Current
}

fn daemon_set(object: &Value) -> Readiness {
    let status = &object["status"];
    let want = count(&status["desiredNumberScheduled"]);
    if object["status"]["desiredNumberScheduled"].is_null() {
        return InProgress("not seen by its controller yet".to_owned());
    }
    for (field, word) in [
        ("currentNumberScheduled", "made"),
        ("updatedNumberScheduled", "updated"),
        ("numberAvailable", "available"),
        ("numberReady", "ready"),
    ] {
        let got = count(&status[field]);
        if got < want {
            return InProgress(format!("{got} of {want} pods {word}"));
        }
    }
    Current
}

fn replica_set(object: &Value) -> Readiness {
    let status = &object["status"];
    let want = wanted(object);
    if let Some(("True", _, message)) = condition(object, "ReplicaFailure") {
        return InProgress(message.to_owned());
    }
    let ready = count(&status["readyReplicas"]).min(count(&status["availableReplicas"]));
    if ready < want {
        return InProgress(format!("{ready} of {want} pods ready"));
    }
    match count(&status["replicas"]).saturating_sub(want) {
        0 => Current,
        extra => InProgress(format!("{extra} old pods still there")),
    }
}

fn job(object: &Value) -> Readiness {
    if let Some(("True", reason, message)) = condition(object, "Failed") {
        return Failed(format!("{reason}: {message}"));
    }
    if let Some(("True", ..)) = condition(object, "Complete") {
        return Current;
    }
    if object["spec"]["suspend"] == true {
        return Current;
    }
    let want = object["spec"]["completions"].as_u64().unwrap_or(1);
    InProgress(format!(
        "{} of {want} pods done",
        count(&object["status"]["succeeded"])
    ))
}

fn pod(object: &Value) -> Readiness {
    match object["status"]["phase"].as_str().unwrap_or_default() {
        "Succeeded" => Current,
        "Failed" => {
            let text = |field: &str| object["status"][field].as_str().unwrap_or_default();
            Failed(
                format!("phase Failed {} {}", text("reason"), text("message"))
                    .trim()
                    .to_owned(),
            )
        }
        _ => match condition(object, "Ready") {
            Some(("True", ..)) => Current,
            _ => InProgress("not ready".to_owned()),
        },
    }
}

fn claim(object: &Value) -> Readiness {
    match object["status"]["phase"].as_str() {
        Some("Lost") => Failed("its volume is lost".to_owned()),
        _ => Current,
    }
}

fn service(object: &Value) -> Readiness {
    let spec = &object["spec"];
    if spec["type"] == "LoadBalancer" && spec["clusterIP"].as_str().unwrap_or_default().is_empty() {
        return InProgress("has no address".to_owned());
    }
    Current
}

fn namespace(object: &Value) -> Readiness {
    match object["status"]["phase"].as_str() {
        Some("Terminating") => InProgress("being deleted".to_owned()),
        _ => Current,
    }
}

fn definition(object: &Value) -> Readiness {
    if let Some(("False", _, message)) = condition(object, "NamesAccepted") {
        return Failed(message.to_owned());
    }
    match condition(object, "Established") {
        Some(("True", ..)) => Current,
        _ => InProgress("not established".to_owned()),
    }
}

/// What any kind may say of itself in its conditions.
fn generic(object: &Value) -> Readiness {
    if let Some(("True", reason, message)) = condition(object, "Stalled") {
        return Failed(format!("{reason}: {message}"));
    }
    if let Some(("True", _, message)) = condition(object, "Reconciling") {
        return InProgress(message.to_owned());
    }
    match condition(object, "Ready") {
        Some(("True", ..)) | None => Current,
        Some((_, reason, message)) => InProgress(format!("{reason} {message}").trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn progress(text: &str) -> Readiness {
        InProgress(text.to_owned())
    }

    fn deployment(status: &Value) -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"generation": 2},
               "spec": {"replicas": 2}, "status": status})
    }

    #[test]
    fn deployments() {
        let available = json!([{"type": "Available", "status": "True"}]);
        let cases = [
            (json!({}), progress("not seen by its controller yet")),
            (
                json!({"observedGeneration": 1}),
                progress("not seen by its controller yet"),
            ),
            (
                json!({"observedGeneration": 2}),
                progress("0 of 2 pods made"),
            ),
            (
                json!({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 2, "readyReplicas": 3,
                       "availableReplicas": 3}),
                progress("1 old pods still there"),
            ),
            (
                json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 1,
                       "availableReplicas": 1}),
                progress("1 of 2 pods ready"),
            ),
            (
                json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2,
                       "availableReplicas": 2, "conditions": available}),
                Current,
            ),
            (
                json!({"observedGeneration": 2, "conditions": [{"type": "Progressing", "status": "False",
                       "reason": "ProgressDeadlineExceeded", "message": "too slow"}]}),
                Failed("too slow".to_owned()),
            ),
        ];
        for (status, want) in cases {
            assert_eq!(readiness(&deployment(&status)), want, "{status}");
        }
    }

    #[test]
    fn stateful_sets() {
        let set = |spec: Value, status: Value| {
            readiness(&json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
                "metadata": {"generation": 1}, "spec": spec, "status": status}))
        };
        let status = |ready: u64, updated: u64, current: &str| {
            json!({"observedGeneration": 1, "replicas": 3, "readyReplicas": ready,
                   "updatedReplicas": updated, "currentRevision": current, "updateRevision": "b"})
        };
        assert_eq!(
            set(json!({"replicas": 3}), status(2, 3, "b")),
            progress("2 of 3 pods ready")
        );
        assert_eq!(
            set(json!({"replicas": 3}), status(3, 1, "a")),
            progress("1 of 3 pods updated")
        );
        assert_eq!(set(json!({"replicas": 3}), status(3, 3, "b")), Current);
        let partition =
            json!({"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}});
        assert_eq!(
            set(partition.clone(), status(3, 0, "a")),
            progress("0 of 1 pods updated")
        );
        assert_eq!(set(partition, status(3, 1, "a")), Current);
        let on_delete = json!({"replicas": 3, "updateStrategy": {"type": "OnDelete"}});
        assert_eq!(set(on_delete, status(0, 0, "a")), Current);
    }

    #[test]
    fn daemon_sets_and_replica_sets() {
        let daemon = |status: Value| {
            readiness(
                &json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "status": status,
                              "metadata": {"generation": 1}}),
            )
        };
        let ready = json!({"observedGeneration": 1, "desiredNumberScheduled": 1, "currentNumberScheduled": 1,
                           "updatedNumberScheduled": 1, "numberAvailable": 1, "numberReady": 1});
        assert_eq!(daemon(ready.clone()), Current);
        let mut updating = ready;
        updating["updatedNumberScheduled"] = json!(0);
        assert_eq!(daemon(updating), progress("0 of 1 pods updated"));
        let set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"generation": 1},
            "status": {"observedGeneration": 1, "replicas": 0,
                       "conditions": [{"type": "ReplicaFailure", "status": "True", "message": "quota"}]}});
        assert_eq!(readiness(&set), progress("quota"));
    }

    #[test]
    fn jobs() {
        let job = |status: Value| {
            readiness(&json!({"apiVersion": "batch/v1", "kind": "Job", "status": status}))
        };
        assert_eq!(job(json!({"active": 1})), progress("0 of 1 pods done"));
        assert_eq!(
            job(json!({"conditions": [{"type": "Complete", "status": "True"}]})),
            Current
        );
        let failed = json!({"conditions": [{"type": "Failed", "status": "True",
            "reason": "BackoffLimitExceeded", "message": "no more"}]});
        assert_eq!(
            job(failed),
            Failed("BackoffLimitExceeded: no more".to_owned())
        );
    }

    #[test]
    fn small_kinds() {
        let of = |api_version: &str, kind: &str, spec: Value, status: Value| {
            readiness(
                &json!({"apiVersion": api_version, "kind": kind, "spec": spec, "status": status}),
            )
        };
        let none = || json!({});
        assert_eq!(of("v1", "ConfigMap", none(), none()), Current);
        assert_eq!(
            of("v1", "Pod", none(), json!({"phase": "Running"})),
            progress("not ready")
        );
        assert_eq!(
            of("v1", "Pod", none(), json!({"phase": "Succeeded"})),
            Current
        );
        assert_eq!(
            of(
                "v1",
                "PersistentVolumeClaim",
                none(),
                json!({"phase": "Pending"})
            ),
            Current
        );
        assert!(matches!(
            of(
                "v1",
                "PersistentVolumeClaim",
                none(),
                json!({"phase": "Lost"})
            ),
            Failed(_)
        ));
        assert_eq!(
            of("v1", "Service", json!({"type": "ClusterIP"}), none()),
            Current
        );
        assert_eq!(
            of("v1", "Service", json!({"type": "LoadBalancer"}), none()),
            progress("has no address")
        );
        let terminating = of("v1", "Namespace", none(), json!({"phase": "Terminating"}));
        assert_eq!(terminating, progress("being deleted"));
    }

    #[test]
    fn definitions_and_custom_kinds() {
        let crd = |conditions: Value| {
            readiness(&json!({"apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition", "status": {"conditions": conditions}}))
        };
        assert_eq!(crd(json!([])), progress("not established"));
        assert_eq!(
            crd(json!([{"type": "Established", "status": "True"}])),
            Current
        );
        let custom = |conditions: Value| {
            readiness(&json!({"apiVersion": "x.dev/v1", "kind": "Thing",
                              "status": {"conditions": conditions}}))
        };
        assert_eq!(custom(json!([])), Current);
        let waiting =
            json!([{"type": "Ready", "status": "False", "reason": "Waiting", "message": "for x"}]);
        assert_eq!(custom(waiting), progress("Waiting for x"));
        let stalled =
            json!([{"type": "Stalled", "status": "True", "reason": "No", "message": "way"}]);
        assert_eq!(custom(stalled), Failed("No: way".to_owned()));
    }

    #[test]
    fn what_is_being_deleted_is_not_ready() {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap",
                            "metadata": {"deletionTimestamp": "2024-01-01T00:00:00Z"}});
        assert_eq!(readiness(&object), progress("being deleted"));
    }

    #[test]
    fn replicas_of_workloads() {
        let object =
            json!({"kind": "StatefulSet", "spec": {"replicas": 6}, "status": {"readyReplicas": 2}});
        assert_eq!(replicas(&object), Some((2, 6)));
        assert_eq!(replicas(&json!({"kind": "ConfigMap"})), None);
    }
}
