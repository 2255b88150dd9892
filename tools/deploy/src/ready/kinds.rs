//! Kinds that tell by their own status.

use serde_json::Value;

use super::Readiness::{self, Current, Failed, InProgress};
use super::{condition, unseen};

pub(super) fn namespace(object: &Value) -> Readiness {
    match object["status"]["phase"].as_str() {
        Some("Terminating") => InProgress("being deleted".to_owned()),
        _ => Current,
    }
}

/// A budget without a disruption to spare is as it should be; one that cannot be computed is not.
pub(super) fn budget(object: &Value) -> Readiness {
    match condition(object, "DisruptionAllowed") {
        Some(found) if found.reason == "SyncFailed" => InProgress(found.says()),
        _ => Current,
    }
}

/// Whether it scales (`ScalingActive`) is not asked: metrics of new pods take a minute or two, and
/// a limit that holds (`ScalingLimited`) is what limits are for.
pub(super) fn autoscaler(object: &Value) -> Readiness {
    match condition(object, "AbleToScale") {
        None => unseen(),
        Some(found) if found.status == "True" => Current,
        Some(found) => InProgress(found.says()),
    }
}

pub(super) fn definition(object: &Value) -> Readiness {
    if let Some(names) = condition(object, "NamesAccepted").filter(|names| names.status == "False")
    {
        return Failed(names.says());
    }
    match condition(object, "Established") {
        Some(found) if found.status == "True" => Current,
        Some(found) if found.status == "False" && found.reason != "Installing" => {
            Failed(found.says())
        }
        _ => InProgress("not established".to_owned()),
    }
}

pub(super) fn api_service(object: &Value) -> Readiness {
    match condition(object, "Available") {
        None => unseen(),
        Some(found) if found.status == "True" => Current,
        Some(found) => InProgress(found.says()),
    }
}

/// What a kind that nobody knows says of itself: `Ready`, or else `Available`.
pub(super) fn custom(object: &Value) -> Readiness {
    let found = condition(object, "Ready").or_else(|| condition(object, "Available"));
    match found {
        None => Current,
        Some(found) if found.is_old => unseen(),
        Some(found) if found.status == "True" => Current,
        Some(found) => InProgress(found.says()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ready::tests::{failed, hold, progress};
    use serde_json::json;

    fn of(api_version: &str, kind: &str, status: &Value) -> Value {
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"generation": 2},
               "status": status})
    }

    fn says(name: &str, status: &str, reason: &str) -> Value {
        json!({"type": name, "status": status, "reason": reason, "message": "so"})
    }

    #[test]
    fn namespaces() {
        let namespace = |phase: &str| of("v1", "Namespace", &json!({"phase": phase}));
        hold(&[
            ("there", namespace("Active"), Current),
            ("going", namespace("Terminating"), progress("being deleted")),
        ]);
    }

    #[test]
    fn disruption_budgets() {
        let budget = |observed: u64, conditions: Value| {
            let status = json!({"observedGeneration": observed, "conditions": conditions});
            of("policy/v1", "PodDisruptionBudget", &status)
        };
        let allowed = |reason: &str| json!([says("DisruptionAllowed", "False", reason)]);
        hold(&[
            (
                "new",
                of("policy/v1", "PodDisruptionBudget", &json!({})),
                unseen(),
            ),
            ("changed", budget(1, json!([])), unseen()),
            ("observed", budget(2, json!([])), Current),
            (
                "nothing to spare",
                budget(2, allowed("InsufficientPods")),
                Current,
            ),
            (
                "not computed",
                budget(2, allowed("SyncFailed")),
                progress("SyncFailed: so"),
            ),
        ]);
    }

    #[test]
    fn autoscalers() {
        let scaler = |conditions: Value| {
            let status = json!({"conditions": conditions});
            of("autoscaling/v2", "HorizontalPodAutoscaler", &status)
        };
        let able = |status: &str| says("AbleToScale", status, "FailedGetScale");
        hold(&[
            ("new", scaler(json!([])), unseen()),
            (
                "able",
                scaler(json!([able("True"), says("ScalingActive", "True", "")])),
                Current,
            ),
            (
                "without metrics yet",
                scaler(json!([able("True"), says("ScalingActive", "False", "")])),
                Current,
            ),
            (
                "at its limit",
                scaler(json!([able("True"), says("ScalingLimited", "True", "")])),
                Current,
            ),
            (
                "without a target",
                scaler(json!([able("False")])),
                progress("FailedGetScale: so"),
            ),
        ]);
    }

    #[test]
    fn definitions() {
        let crd = |conditions: Value| {
            let status = json!({"conditions": conditions});
            of(
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                &status,
            )
        };
        let names = |status: &str| says("NamesAccepted", status, "Taken");
        let open = || progress("not established");
        hold(&[
            ("new", crd(json!([])), open()),
            (
                "installing",
                crd(json!([
                    names("True"),
                    says("Established", "False", "Installing")
                ])),
                open(),
            ),
            (
                "established",
                crd(json!([names("True"), says("Established", "True", "")])),
                Current,
            ),
            (
                "names taken",
                crd(json!([names("False")])),
                failed("Taken: so"),
            ),
            (
                "refused",
                crd(json!([says("Established", "False", "No")])),
                failed("No: so"),
            ),
        ]);
    }

    #[test]
    fn api_services() {
        let service = |conditions: Value| {
            let status = json!({"conditions": conditions});
            of("apiregistration.k8s.io/v1", "APIService", &status)
        };
        hold(&[
            ("new", service(json!([])), unseen()),
            (
                "available",
                service(json!([says("Available", "True", "")])),
                Current,
            ),
            (
                "no endpoints",
                service(json!([says("Available", "False", "MissingEndpoints")])),
                progress("MissingEndpoints: so"),
            ),
        ]);
    }
}
