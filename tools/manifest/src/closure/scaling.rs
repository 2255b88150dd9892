//! What a `HorizontalPodAutoscaler` scales, and what it looks at.

use serde_json::Value;
use windlass_k8s_object::images::pod_spec;

use super::graph::Target;
use super::pods::container;
use super::{Check, entries, text};
use windlass_k8s_object::Object;

pub(super) fn check(check: &mut Check<'_>) {
    if !check.is("autoscaling", "HorizontalPodAutoscaler") {
        return;
    }
    let spec = &check.document()["spec"];
    let scaled = spec.get("scaleTargetRef");
    let scaled = scaled.and_then(|scaled| typed(check, "spec.scaleTargetRef", scaled));
    for (index, metric) in entries(spec, "metrics") {
        let path = format!("spec.metrics[{index}]");
        if let Some(described) = metric.pointer("/object/describedObject") {
            typed(check, &format!("{path}.object.describedObject"), described);
        }
        if let Some(name) = text(metric, "/containerResource/container")
            && let Some(scaled) = scaled
            && let Some((_, pod)) = pod_spec(scaled.document())
        {
            let path = format!("{path}.containerResource.container");
            container(check, &path, &scaled.key().to_string(), pod, name);
        }
    }
}

/// An object by kind, API version and name.
fn typed<'a>(check: &mut Check<'a>, path: &str, reference: &Value) -> Option<&'a Object> {
    let kind = text(reference, "/kind")?;
    let version = text(reference, "/apiVersion").unwrap_or("v1");
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let name = text(reference, "/name")?;
    check.named(&format!("{path}.name"), Target { group, kind }, name)
}
