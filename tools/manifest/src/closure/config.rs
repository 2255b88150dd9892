//! `ConfigMaps` and Secrets: by name, and the keys that are read from them. A Secret that is nowhere
//! is made by others; one that is here must have the key.

use serde_json::Value;
use windlass_k8s_object::Object;
use windlass_k8s_object::images::{containers, pod_spec};
use windlass_nearest::nearest;

use super::finding::Problem;
use super::graph::{self, CONFIG_MAP, SECRET, Target};
use super::{Check, entries, text};

pub(super) fn check(check: &mut Check<'_>) {
    let document = check.document();
    for (path, container) in containers(document) {
        for (index, variable) in entries(container, "env") {
            let path = format!("{path}.env[{index}].valueFrom");
            for (field, target) in [("configMapKeyRef", CONFIG_MAP), ("secretKeyRef", SECRET)] {
                if let Some(source) = variable.pointer(&format!("/valueFrom/{field}")) {
                    value(check, &format!("{path}.{field}"), target, source);
                }
            }
        }
        for (index, all) in entries(container, "envFrom") {
            for (field, target) in [("configMapRef", CONFIG_MAP), ("secretRef", SECRET)] {
                if let Some(source) = all.get(field) {
                    let path = format!("{path}.envFrom[{index}].{field}");
                    files(check, &path, target, "name", source);
                }
            }
        }
    }
    let Some((path, spec)) = pod_spec(document) else {
        return;
    };
    for (index, volume) in entries(spec, "volumes") {
        let path = format!("{path}.volumes[{index}]");
        if let Some(source) = volume.get("configMap") {
            files(
                check,
                &format!("{path}.configMap"),
                CONFIG_MAP,
                "name",
                source,
            );
        }
        if let Some(source) = volume.get("secret") {
            files(
                check,
                &format!("{path}.secret"),
                SECRET,
                "secretName",
                source,
            );
        }
        let projected = volume.get("projected").unwrap_or(&Value::Null);
        for (index, part) in entries(projected, "sources") {
            for (field, target) in [("configMap", CONFIG_MAP), ("secret", SECRET)] {
                if let Some(source) = part.get(field) {
                    let path = format!("{path}.projected.sources[{index}].{field}");
                    files(check, &path, target, "name", source);
                }
            }
        }
    }
}

fn is_optional(source: &Value) -> bool {
    source.get("optional") == Some(&Value::Bool(true))
}

/// One value by its key.
fn value(check: &mut Check<'_>, path: &str, target: Target<'_>, source: &Value) {
    let (Some(name), false) = (text(source, "/name"), is_optional(source)) else {
        return;
    };
    let Some(object) = check.named(&format!("{path}.name"), target, name) else {
        return;
    };
    if let Some(name) = text(source, "/key") {
        key(check, &format!("{path}.key"), object, name);
    }
}

/// All values, or those that are listed.
fn files(check: &mut Check<'_>, path: &str, target: Target<'_>, field: &str, source: &Value) {
    let name = text(source, &format!("/{field}"));
    let (Some(name), false) = (name, is_optional(source)) else {
        return;
    };
    let Some(object) = check.named(&format!("{path}.{field}"), target, name) else {
        return;
    };
    for (index, item) in entries(source, "items") {
        if let Some(name) = text(item, "/key") {
            key(check, &format!("{path}.items[{index}].key"), object, name);
        }
    }
}

/// Reports a key that an object does not have.
pub(super) fn key(check: &mut Check<'_>, path: &str, object: &Object, key: &str) {
    let Some(known) = graph::keys(object) else {
        return;
    };
    if !known.contains(key) {
        let problem = Problem::Part {
            of: object.key().to_string(),
            part: format!("key `{key}`"),
            nearest: nearest(key, known).map(str::to_owned),
        };
        check.report(path, problem);
    }
}
