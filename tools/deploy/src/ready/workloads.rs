//! What makes pods, and pods.

use serde_json::Value;

use super::Readiness::{self, Current, Failed, InProgress};
use super::{condition, count, readiness};

/// Ready and wanted replicas of an object that makes pods; `None` for other kinds.
pub fn replicas(object: &Value) -> Option<(u64, u64)> {
    let status = &object["status"];
    match object["kind"].as_str()? {
        "Deployment" | "StatefulSet" | "ReplicaSet" | "ReplicationController" => {
            Some((count(&status["readyReplicas"]), wanted(object)))
        }
        "DaemonSet" => Some((
            count(&status["numberReady"]),
            count(&status["desiredNumberScheduled"]),
        )),
        "Job" => Some((count(&status["succeeded"]), completions(object))),
        "Pod" => Some((u64::from(readiness(object) == Current), 1)),
        _ => None,
    }
}

/// How many pods it is to have; 1 where it does not say, as its controller has it.
pub(super) fn wanted(object: &Value) -> u64 {
    object["spec"]["replicas"].as_u64().unwrap_or(1)
}

/// How many pods of a job are to be done; as many as run at one time, where it does not say.
fn completions(job: &Value) -> u64 {
    let spec = &job["spec"];
    let parallelism = spec["parallelism"].as_u64().unwrap_or(1);
    spec["completions"].as_u64().unwrap_or(parallelism)
}

pub(super) fn deployment(object: &Value) -> Readiness {
    let (spec, status) = (&object["spec"], &object["status"]);
    let want = wanted(object);
    let progressing = condition(object, "Progressing");
    if let Some(late) = progressing.filter(|found| found.reason == "ProgressDeadlineExceeded") {
        return Failed(late.message.to_owned());
    }
    let [made, updated, available, ready] = [
        "replicas",
        "updatedReplicas",
        "availableReplicas",
        "readyReplicas",
    ]
    .map(|field| count(&status[field]));
    if let Some(failure) =
        condition(object, "ReplicaFailure").filter(|found| found.status == "True")
    {
        return InProgress(failure.message.to_owned());
    }
    if made < want || updated < want {
        let paused = if spec["paused"] == true {
            ", paused"
        } else {
            ""
        };
        return InProgress(format!("{} of {want} pods made{paused}", made.min(updated)));
    }
    if made > want {
        return InProgress(format!("{} old pods still there", made - want));
    }
    if ready < want || available < want {
        return InProgress(format!("{} of {want} pods ready", ready.min(available)));
    }
    if spec["paused"] == true {
        // Its controller does not look how it comes on; it has all pods that it should have.
        return Current;
    }
    // The condition is set for those alone that have a deadline.
    let is_done = progressing
        .is_some_and(|found| found.status == "True" && found.reason == "NewReplicaSetAvailable");
    let has_deadline = spec["progressDeadlineSeconds"]
        .as_i64()
        .is_some_and(|seconds| seconds != i64::from(i32::MAX));
    if has_deadline && !is_done {
        return InProgress("its replica set is not available".to_owned());
    }
    match condition(object, "Available") {
        Some(found) if found.status == "True" => Current,
        _ => InProgress("not available".to_owned()),
    }
}

pub(super) fn stateful_set(object: &Value) -> Readiness {
    let (spec, status) = (&object["spec"], &object["status"]);
    if is_updated_by_hand(object) {
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
    let is_old = status["currentRevision"] != status["updateRevision"];
    if is_old || count(&status["currentReplicas"]) < want {
        return InProgress(format!("{updated} of {want} pods updated"));
    }
    Current
}

/// Whether pods are updated when somebody deletes them, and not before.
fn is_updated_by_hand(object: &Value) -> bool {
    object["spec"]["updateStrategy"]["type"] == "OnDelete"
}

pub(super) fn daemon_set(object: &Value) -> Readiness {
    let status = &object["status"];
    let want = count(&status["desiredNumberScheduled"]);
    if status["desiredNumberScheduled"].is_null() {
        return super::unseen();
    }
    for (field, word) in [
        ("currentNumberScheduled", "made"),
        ("updatedNumberScheduled", "updated"),
        ("numberAvailable", "available"),
        ("numberReady", "ready"),
    ] {
        let got = count(&status[field]);
        if got < want && !(word == "updated" && is_updated_by_hand(object)) {
            return InProgress(format!("{got} of {want} pods {word}"));
        }
    }
    Current
}

pub(super) fn replica_set(object: &Value) -> Readiness {
    let status = &object["status"];
    let want = wanted(object);
    if let Some(failure) =
        condition(object, "ReplicaFailure").filter(|found| found.status == "True")
    {
        return InProgress(failure.message.to_owned());
    }
    let labelled = count(&status["fullyLabeledReplicas"]);
    if labelled < want {
        return InProgress(format!("{labelled} of {want} pods made"));
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

pub(super) fn job(object: &Value) -> Readiness {
    let holds = |name| condition(object, name).filter(|found| found.status == "True");
    if let Some(failed) = holds("Failed") {
        return Failed(failed.says());
    }
    if holds("Complete").is_some() {
        return Current;
    }
    if holds("Suspended").is_some() || object["spec"]["suspend"] == true {
        return Current;
    }
    // It has failed, and its pods are still there.
    if let Some(failing) = holds("FailureTarget") {
        return InProgress(failing.says());
    }
    let done = count(&object["status"]["succeeded"]);
    InProgress(format!("{done} of {} pods done", completions(object)))
}

pub(super) fn pod(object: &Value) -> Readiness {
    let status = &object["status"];
    let text = |field: &str| status[field].as_str().unwrap_or_default();
    match text("phase") {
        "Succeeded" => Current,
        "Failed" => {
            let says = format!("phase Failed {} {}", text("reason"), text("message"));
            Failed(says.trim().to_owned())
        }
        _ => match condition(object, "Ready") {
            Some(found) if found.status == "True" => Current,
            _ => match condition(object, "PodScheduled") {
                Some(found) if found.status == "False" => InProgress(found.says()),
                _ => InProgress("not ready".to_owned()),
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ready::tests::{failed, hold, progress};
    use crate::ready::unseen;
    use serde_json::json;

    fn of(kind: &str, spec: Value, mut status: Value) -> Value {
        let api_version = match kind {
            "Job" => "batch/v1",
            "Pod" | "ReplicationController" => "v1",
            _ => "apps/v1",
        };
        if api_version != "batch/v1" && kind != "Pod" && status["observedGeneration"].is_null() {
            status["observedGeneration"] = json!(1);
        }
        let mut object = json!({"apiVersion": api_version, "kind": kind,
                                "metadata": {"generation": 1}});
        object["spec"] = spec;
        object["status"] = status;
        object
    }

    /// With a count in a status changed.
    fn with(mut object: Value, field: &str, value: impl Into<Value>) -> Value {
        object["status"][field] = value.into();
        object
    }

    #[test]
    fn nothing_is_said_of_what_its_controller_has_not_seen() {
        for kind in [
            "Deployment",
            "StatefulSet",
            "DaemonSet",
            "ReplicaSet",
            "ReplicationController",
        ] {
            let mut new = of(kind, json!({"replicas": 0}), json!({}));
            new["status"] = json!({});
            let changed = with(new.clone(), "observedGeneration", 0);
            hold(&[("new", new, unseen()), ("changed", changed, unseen())]);
        }
    }

    fn deployment(spec: Value, conditions: Value) -> Value {
        let mut status = json!({"replicas": 2, "updatedReplicas": 2, "readyReplicas": 2,
                                "availableReplicas": 2});
        status["conditions"] = conditions;
        of("Deployment", spec, status)
    }

    fn available() -> Value {
        json!({"type": "Available", "status": "True"})
    }

    #[test]
    fn deployments_by_their_pods() {
        let two = || json!({"replicas": 2});
        let good = || deployment(two(), json!([available()]));
        hold(&[
            ("all well", good(), Current),
            (
                "none made",
                with(good(), "replicas", 0),
                progress("0 of 2 pods made"),
            ),
            (
                "not all updated",
                with(good(), "updatedReplicas", 1),
                progress("1 of 2 pods made"),
            ),
            (
                "paused",
                with(
                    deployment(json!({"replicas": 2, "paused": true}), json!([available()])),
                    "updatedReplicas",
                    0,
                ),
                progress("0 of 2 pods made, paused"),
            ),
            (
                "old ones there",
                with(good(), "replicas", 3),
                progress("1 old pods still there"),
            ),
            (
                "not all available",
                with(good(), "availableReplicas", 1),
                progress("1 of 2 pods ready"),
            ),
            (
                "not all ready",
                with(good(), "readyReplicas", 0),
                progress("0 of 2 pods ready"),
            ),
            (
                "none wanted",
                of(
                    "Deployment",
                    json!({"replicas": 0}),
                    json!({"conditions": [available()]}),
                ),
                Current,
            ),
        ]);
    }

    #[test]
    fn deployments_by_their_conditions() {
        let two = || json!({"replicas": 2});
        let deadline = || json!({"replicas": 2, "progressDeadlineSeconds": 45});
        let progressing = |status: &str, reason: &str| {
            json!({"type": "Progressing", "status": status, "reason": reason,
                   "message": "too slow"})
        };
        let done = progressing("True", "NewReplicaSetAvailable");
        hold(&[
            (
                "all well by its deadline",
                deployment(deadline(), json!([available(), done])),
                Current,
            ),
            (
                "no deadline, in the controller's way to say it",
                deployment(
                    json!({"replicas": 2, "progressDeadlineSeconds": i32::MAX}),
                    json!([available()]),
                ),
                Current,
            ),
            (
                "not progressing",
                deployment(
                    deadline(),
                    json!([available(), progressing("False", "Some")]),
                ),
                progress("its replica set is not available"),
            ),
            (
                "progressing still",
                deployment(
                    deadline(),
                    json!([available(), progressing("True", "ReplicaSetUpdated")]),
                ),
                progress("its replica set is not available"),
            ),
            (
                "paused, with all that it should have",
                deployment(
                    json!({"replicas": 2, "progressDeadlineSeconds": 45, "paused": true}),
                    json!([progressing("Unknown", "DeploymentPaused")]),
                ),
                Current,
            ),
            (
                "too late",
                deployment(
                    deadline(),
                    json!([progressing("False", "ProgressDeadlineExceeded")]),
                ),
                failed("too slow"),
            ),
            (
                "not available",
                deployment(two(), json!([])),
                progress("not available"),
            ),
            (
                "no pod can be made",
                deployment(
                    two(),
                    json!([{"type": "ReplicaFailure", "status": "True", "message": "quota"}]),
                ),
                progress("quota"),
            ),
        ]);
    }

    /// All well, with four pods.
    fn set_of_four(spec: Value) -> Value {
        let status = json!({"replicas": 4, "readyReplicas": 4, "currentReplicas": 4,
            "updatedReplicas": 4, "currentRevision": "b", "updateRevision": "b"});
        of("StatefulSet", spec, status)
    }

    #[test]
    fn stateful_sets() {
        let four = set_of_four;
        let spec = || json!({"replicas": 4});
        hold(&[
            ("all well", four(spec()), Current),
            (
                "one, as it does not say",
                with(four(json!({})), "replicas", 1),
                Current,
            ),
            (
                "too few",
                with(four(spec()), "replicas", 1),
                progress("1 of 4 pods made"),
            ),
            (
                "not all ready",
                with(four(spec()), "readyReplicas", 2),
                progress("2 of 4 pods ready"),
            ),
            (
                "too many",
                with(four(spec()), "replicas", 8),
                progress("4 old pods still there"),
            ),
            (
                "not all current",
                with(
                    with(four(spec()), "currentReplicas", 2),
                    "updatedReplicas",
                    2,
                ),
                progress("2 of 4 pods updated"),
            ),
            (
                "revisions differ",
                with(
                    with(four(spec()), "currentRevision", "a"),
                    "updatedReplicas",
                    3,
                ),
                progress("3 of 4 pods updated"),
            ),
        ]);
    }

    #[test]
    fn stateful_sets_that_are_updated_in_parts() {
        let four = set_of_four;
        let partition = |of: u64| {
            four(json!({"replicas": 4, "updateStrategy": {"rollingUpdate": {"partition": of}}}))
        };
        let by_hand = four(json!({"replicas": 4, "updateStrategy": {"type": "OnDelete"}}));
        hold(&[
            (
                "up to a partition",
                with(partition(2), "updatedReplicas", 1),
                progress("1 of 2 pods updated"),
            ),
            (
                "up to a partition, done",
                with(
                    with(partition(2), "updatedReplicas", 2),
                    "currentRevision",
                    "a",
                ),
                Current,
            ),
            (
                "a partition of nothing is none",
                with(partition(0), "currentRevision", "a"),
                progress("4 of 4 pods updated"),
            ),
            ("by hand", with(by_hand, "updatedReplicas", 0), Current),
        ]);
    }

    #[test]
    fn daemon_sets() {
        let four = |spec: Value| {
            let status = json!({"desiredNumberScheduled": 4, "currentNumberScheduled": 4,
                "updatedNumberScheduled": 4, "numberAvailable": 4, "numberReady": 4});
            of("DaemonSet", spec, status)
        };
        let good = || four(json!({}));
        let by_hand = four(json!({"updateStrategy": {"type": "OnDelete"}}));
        hold(&[
            ("all well", good(), Current),
            (
                "no node is for it",
                of("DaemonSet", json!({}), json!({"desiredNumberScheduled": 0})),
                Current,
            ),
            (
                "not counted yet",
                with(good(), "desiredNumberScheduled", json!(null)),
                unseen(),
            ),
            (
                "too few",
                with(good(), "currentNumberScheduled", 1),
                progress("1 of 4 pods made"),
            ),
            (
                "not updated",
                with(good(), "updatedNumberScheduled", 3),
                progress("3 of 4 pods updated"),
            ),
            (
                "not available",
                with(good(), "numberAvailable", 2),
                progress("2 of 4 pods available"),
            ),
            (
                "not ready",
                with(good(), "numberReady", 2),
                progress("2 of 4 pods ready"),
            ),
            (
                "by hand",
                with(by_hand.clone(), "updatedNumberScheduled", 0),
                Current,
            ),
            (
                "by hand, and not ready",
                with(by_hand, "numberReady", 0),
                progress("0 of 4 pods ready"),
            ),
        ]);
    }

    #[test]
    fn replica_sets_and_replication_controllers() {
        for kind in ["ReplicaSet", "ReplicationController"] {
            let four = |conditions: Value| {
                let status = json!({"replicas": 4, "fullyLabeledReplicas": 4, "readyReplicas": 4,
                    "availableReplicas": 4, "conditions": conditions});
                of(kind, json!({"replicas": 4}), status)
            };
            let good = || four(json!([{"type": "ReplicaFailure", "status": "False"}]));
            hold(&[
                ("all well", good(), Current),
                ("no conditions", four(json!(null)), Current),
                (
                    "none made",
                    with(good(), "fullyLabeledReplicas", 0),
                    progress("0 of 4 pods made"),
                ),
                (
                    "not available",
                    with(good(), "availableReplicas", 2),
                    progress("2 of 4 pods ready"),
                ),
                (
                    "not ready",
                    with(good(), "readyReplicas", 2),
                    progress("2 of 4 pods ready"),
                ),
                (
                    "too many",
                    with(good(), "replicas", 5),
                    progress("1 old pods still there"),
                ),
                (
                    "no pod can be made",
                    four(json!([{"type": "ReplicaFailure", "status": "True", "message": "quota"}])),
                    progress("quota"),
                ),
            ]);
        }
    }

    #[test]
    fn jobs() {
        let job = |spec: Value, status: Value| of("Job", spec, status);
        let says = |name: &str, status: &str| {
            json!([{"type": name, "status": status, "reason": "BackoffLimitExceeded",
                    "message": "no more"}])
        };
        let none = || json!({});
        hold(&[
            (
                "not started",
                job(none(), none()),
                progress("0 of 1 pods done"),
            ),
            (
                "in progress",
                job(
                    json!({"completions": 10, "parallelism": 2}),
                    json!({"succeeded": 3, "active": 2}),
                ),
                progress("3 of 10 pods done"),
            ),
            (
                "as many as run at one time",
                job(json!({"parallelism": 2}), json!({"active": 2})),
                progress("0 of 2 pods done"),
            ),
            (
                "complete",
                job(none(), json!({"conditions": says("Complete", "True")})),
                Current,
            ),
            (
                "failed",
                job(none(), json!({"conditions": says("Failed", "True")})),
                failed("BackoffLimitExceeded: no more"),
            ),
            (
                "failing",
                job(none(), json!({"conditions": says("FailureTarget", "True")})),
                progress("BackoffLimitExceeded: no more"),
            ),
            (
                "not failed",
                job(none(), json!({"conditions": says("Failed", "False")})),
                progress("0 of 1 pods done"),
            ),
            (
                "suspended",
                job(none(), json!({"conditions": says("Suspended", "True")})),
                Current,
            ),
            (
                "to be suspended",
                job(json!({"suspend": true}), none()),
                Current,
            ),
            (
                "no more suspended",
                job(
                    json!({"suspend": false}),
                    json!({"conditions": says("Suspended", "False")}),
                ),
                progress("0 of 1 pods done"),
            ),
        ]);
    }

    #[test]
    fn pods() {
        let pod = |status: Value| of("Pod", json!({}), status);
        let ready =
            |status: &str| json!([{"type": "Ready", "status": status, "reason": "PodCompleted"}]);
        hold(&[
            ("no status", pod(json!({})), progress("not ready")),
            (
                "ready",
                pod(json!({"phase": "Running", "conditions": ready("True")})),
                Current,
            ),
            (
                "running",
                pod(json!({"phase": "Running", "conditions": ready("False")})),
                progress("not ready"),
            ),
            (
                "done",
                pod(json!({"phase": "Succeeded", "conditions": ready("False")})),
                Current,
            ),
            (
                "failed",
                pod(json!({"phase": "Failed", "reason": "Evicted", "message": "no memory"})),
                failed("phase Failed Evicted no memory"),
            ),
            (
                "no node",
                pod(
                    json!({"phase": "Pending", "conditions": [{"type": "PodScheduled",
                    "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}]}),
                ),
                progress("Unschedulable: 0/1 nodes"),
            ),
            (
                "crashing",
                pod(
                    json!({"phase": "Running", "conditions": ready("False"), "containerStatuses": [
                    {"name": "a", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}),
                ),
                progress("not ready"),
            ),
        ]);
    }

    #[test]
    fn replicas_of_workloads() {
        let object =
            json!({"kind": "StatefulSet", "spec": {"replicas": 6}, "status": {"readyReplicas": 2}});
        assert_eq!(replicas(&object), Some((2, 6)));
        assert_eq!(replicas(&json!({"kind": "ConfigMap"})), None);
    }
}
