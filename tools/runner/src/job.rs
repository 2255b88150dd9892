//! The Job of a request. Pure.
//!
//! What it must be, the policies of the cluster say as well: another image, account or command is
//! refused there, whoever asks, and so is a field that `environment.jsonnet` does not know.

use serde_json::{Value, json};
use windlass_apply_request::{ACCOUNT, API_VERSION, KIND};

use crate::request::Request;

/// The name of its container.
pub(crate) const CONTAINER: &str = "apply";

/// How long the Job may take beside the apply itself: until its image is there.
const SLACK_SECONDS: u64 = 600;

/// The Job.
pub(crate) fn job(request: &Request) -> Value {
    let labels = json!({"app.kubernetes.io/name": ACCOUNT});
    let timeout = request.spec.timeout_seconds;
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": request.job(),
            "namespace": request.namespace,
            "labels": labels,
            // It goes with the request.
            "ownerReferences": [{
                "apiVersion": API_VERSION,
                "kind": KIND,
                "name": request.name,
                "uid": request.uid,
                "controller": true,
            }],
        },
        "spec": {
            "activeDeadlineSeconds": timeout.saturating_add(SLACK_SECONDS),
            // An apply that fails has said why. A node that goes is no failure of it.
            "backoffLimit": 0,
            "podFailurePolicy": {"rules": [{
                "action": "Ignore",
                "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
            }]},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "automountServiceAccountToken": true,
                    "containers": [{
                        "args": ["apply", "--in-cluster", format!("--timeout={timeout}s")],
                        "image": request.spec.bundle,
                        "name": CONTAINER,
                        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
                        "securityContext": {
                            "allowPrivilegeEscalation": false,
                            "capabilities": {"drop": ["ALL"]},
                        },
                    }],
                    "enableServiceLinks": false,
                    "restartPolicy": "Never",
                    "securityContext": {
                        "runAsNonRoot": true,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "serviceAccountName": ACCOUNT,
                },
            },
        },
    })
}

/// Whether a Job is that of a request, and not one that was there under its name.
pub(crate) fn is_of(job: &Value, request: &Request) -> bool {
    let owners = job["metadata"]["ownerReferences"].as_array();
    owners
        .into_iter()
        .flatten()
        .any(|owner| owner["uid"] == request.uid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::object;

    #[test]
    fn a_job_is_of_its_request_alone() {
        let one = Request::of(&object("one")).expect("a request");
        let mut again = one.clone();
        again.uid = "another".to_owned();
        assert!(is_of(&job(&one), &one));
        assert!(!is_of(&job(&one), &again));
        assert!(!is_of(&json!({}), &one));
    }

    #[test]
    fn the_image_the_account_and_the_command_are_all_that_differs_from_nothing() {
        let made = job(&Request::of(&object("one")).expect("a request"));
        let pod = &made["spec"]["template"]["spec"];
        assert_eq!(pod["serviceAccountName"], "windlass-apply");
        assert_eq!(pod["containers"][0]["image"], "r.io/b@sha256:11");
        assert_eq!(
            pod["containers"][0]["args"],
            json!(["apply", "--in-cluster", "--timeout=300s"])
        );
        assert_eq!(made["spec"]["activeDeadlineSeconds"], 900);
    }
}
