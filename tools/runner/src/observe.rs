//! How a Job stands, by itself and its newest pod. Pure.

use serde_json::Value;
use windlass_apply_request::{Phase, Status};

/// Reasons for which a container waits that mean nothing but that it begins.
const USUAL: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// The newest of some pods.
pub(crate) fn newest(pods: &[Value]) -> Option<&Value> {
    // RFC 3339 in UTC: texts are in the order of their times.
    pods.iter().max_by_key(|pod| {
        let metadata = &pod["metadata"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (
            text(&metadata["creationTimestamp"]),
            text(&metadata["name"]),
        )
    })
}

/// Whether its container has begun, so that there is something to read.
pub(crate) fn has_begun(pod: &Value) -> bool {
    let state = state_of(pod);
    state["running"].is_object() || state["terminated"].is_object()
}

/// Whether its container has ended.
pub(crate) fn has_ended(pod: &Value) -> bool {
    state_of(pod)["terminated"].is_object()
}

/// How a request stands by its Job; what is said is left out.
pub(crate) fn observe(job: &Value, pod: Option<&Value>) -> Status {
    let name = job["metadata"]["name"].as_str().unwrap_or_default();
    let ended = pod.map_or(&Value::Null, |pod| &state_of(pod)["terminated"]);
    let exit_code = ended["exitCode"].as_i64();
    let exit_code = exit_code.and_then(|code| i32::try_from(code).ok());
    if condition(job, "Complete").is_some() {
        return Status {
            phase: Phase::Succeeded,
            exit_code,
            ..Status::default()
        };
    }
    if let Some(failed) = condition(job, "Failed") {
        let message = match exit_code {
            Some(code) => format!(
                "its Job `{name}` ended with exit {code}{}",
                after_colon(ended, &["reason"], &["Error", "Completed"])
            ),
            None => format!(
                "its Job `{name}` failed{}",
                after_colon(failed, &["reason", "message"], &[])
            ),
        };
        return Status {
            phase: Phase::Failed,
            message,
            exit_code,
            ..Status::default()
        };
    }
    Status {
        phase: Phase::Running,
        message: pod.map_or_else(|| format!("its Job `{name}` has no pod yet"), waits),
        ..Status::default()
    }
}

/// What a pod waits for; empty where there is nothing to say.
fn waits(pod: &Value) -> String {
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    let waiting = &state_of(pod)["waiting"];
    let is_usual = |reason: &str| USUAL.contains(&reason);
    if waiting["reason"]
        .as_str()
        .is_some_and(|reason| !is_usual(reason))
    {
        return format!(
            "pod `{name}` waits{}",
            after_colon(waiting, &["reason", "message"], &[])
        );
    }
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    let unscheduled = conditions
        .into_iter()
        .find(|one| one["type"] == "PodScheduled" && one["status"] == "False");
    unscheduled.map_or_else(String::new, |one| {
        format!(
            "pod `{name}` waits{}",
            after_colon(one, &["reason", "message"], &[])
        )
    })
}

/// `: Reason: message`, of what there is and is not in `without`.
fn after_colon(of: &Value, fields: &[&str], without: &[&str]) -> String {
    let texts = fields.iter().filter_map(|field| of[*field].as_str());
    let texts = texts.filter(|text| !text.is_empty() && !without.contains(text));
    texts.flat_map(|text| [": ", text]).collect()
}

/// A condition that holds.
fn condition<'a>(job: &'a Value, kind: &str) -> Option<&'a Value> {
    let mut all = job["status"]["conditions"].as_array()?.iter();
    all.find(|one| one["type"] == kind && one["status"] == "True")
}

fn state_of(pod: &Value) -> &Value {
    &pod["status"]["containerStatuses"][0]["state"]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn job(conditions: &Value) -> Value {
        json!({"metadata": {"name": "j"}, "status": {"conditions": conditions}})
    }

    fn pod(state: &Value) -> Value {
        json!({"metadata": {"name": "p"}, "status": {"containerStatuses": [{"state": state}]}})
    }

    fn seen(conditions: &Value, pod: Option<&Value>) -> (Phase, String, Option<i32>) {
        let status = observe(&job(conditions), pod);
        (status.phase, status.message, status.exit_code)
    }

    #[test]
    fn what_a_job_waits_for_is_said() {
        let none = json!([]);
        let waits = |pod: Option<&Value>| {
            let (phase, message, code) = seen(&none, pod);
            assert_eq!((phase, code), (Phase::Running, None));
            message
        };
        assert_eq!(waits(None), "its Job `j` has no pod yet");
        let creating = json!({"waiting": {"reason": "ContainerCreating"}});
        assert_eq!(waits(Some(&pod(&creating))), "");
        assert_eq!(waits(Some(&pod(&json!({"running": {}})))), "");
        let pull = json!({"waiting": {"reason": "ErrImagePull", "message": "not found"}});
        assert_eq!(
            waits(Some(&pod(&pull))),
            "pod `p` waits: ErrImagePull: not found"
        );
        let mut unscheduled = pod(&json!({}));
        unscheduled["status"]["conditions"] = json!([
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "full"}]);
        assert_eq!(
            waits(Some(&unscheduled)),
            "pod `p` waits: Unschedulable: full"
        );
    }

    #[test]
    fn how_a_job_has_ended() {
        let ended = |code: i32, reason: &str| {
            pod(&json!({"terminated": {"exitCode": code, "reason": reason}}))
        };
        let complete = json!([{"type": "Complete", "status": "True"}]);
        assert_eq!(
            seen(&complete, Some(&ended(0, "Completed"))),
            (Phase::Succeeded, String::new(), Some(0))
        );
        let failed = |reason: &str| {
            json!([{"type": "Complete", "status": "False"},
                   {"type": "Failed", "status": "True", "reason": reason, "message": "m"}])
        };
        assert_eq!(
            seen(&failed("BackoffLimitExceeded"), Some(&ended(5, "Error"))),
            (
                Phase::Failed,
                "its Job `j` ended with exit 5".to_owned(),
                Some(5)
            )
        );
        assert_eq!(
            seen(
                &failed("BackoffLimitExceeded"),
                Some(&ended(137, "OOMKilled"))
            )
            .1,
            "its Job `j` ended with exit 137: OOMKilled"
        );
        assert_eq!(
            seen(&failed("DeadlineExceeded"), None),
            (
                Phase::Failed,
                "its Job `j` failed: DeadlineExceeded: m".to_owned(),
                None
            )
        );
    }

    #[test]
    fn of_several_pods_the_newest_counts() {
        let made =
            |name: &str, at: &str| json!({"metadata": {"name": name, "creationTimestamp": at}});
        let pods = [
            made("b", "2026-03-01T12:00:09Z"),
            made("a", "2026-03-01T12:00:10Z"),
        ];
        assert_eq!(newest(&pods), Some(&pods[1]));
        assert_eq!(newest(&[]), None);
    }
}
