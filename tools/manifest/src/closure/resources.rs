//! Containers whose resources are told to the pod, by variables and files.

use serde_json::Value;
use windlass_k8s_object::images::{containers, pod_spec};

use super::pods::container;
use super::{Check, entries, text};

pub(super) fn check(check: &mut Check<'_>) {
    let document = check.document();
    let Some((path, spec)) = pod_spec(document) else {
        return;
    };
    for (path, container) in containers(document) {
        for (index, variable) in entries(container, "env") {
            let path = format!("{path}.env[{index}].valueFrom");
            told(check, &path, spec, variable.get("valueFrom"));
        }
    }
    for (index, volume) in entries(spec, "volumes") {
        let path = format!("{path}.volumes[{index}]");
        files(check, &path, spec, volume);
        let projected = volume.get("projected").unwrap_or(&Value::Null);
        for (index, source) in entries(projected, "sources") {
            let path = format!("{path}.projected.sources[{index}]");
            files(check, &path, spec, source);
        }
    }
}

fn files(check: &mut Check<'_>, path: &str, spec: &Value, volume: &Value) {
    let told_here = volume.get("downwardAPI").unwrap_or(&Value::Null);
    for (index, file) in entries(told_here, "items") {
        let path = format!("{path}.downwardAPI.items[{index}]");
        told(check, &path, spec, Some(file));
    }
}

fn told(check: &mut Check<'_>, path: &str, spec: &Value, source: Option<&Value>) {
    if let Some(name) = source.and_then(|source| text(source, "/resourceFieldRef/containerName")) {
        let path = format!("{path}.resourceFieldRef.containerName");
        container(check, &path, "the pod", spec, name);
    }
}
