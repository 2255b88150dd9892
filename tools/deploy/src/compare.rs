//! Whether a write would change an object, and where.
//!
//! Compared are the object as it is and the API server's dry run of the write. Both come from the
//! server, so defaults, admission webhooks and merges by key are in both: no schema is known here.

use serde_json::Value;

/// One field in which two forms of an object differ.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// The field, as a path: `spec.template.spec.containers[0].image`.
    pub path: String,
    /// What it holds; null where it is not there.
    pub before: Value,
    /// What it will hold; null where it will not be there.
    pub after: Value,
}

/// The path of a change that moves fields between managers and changes no value.
pub const MANAGERS: &str = "metadata.managedFields";

/// The fields in which a dry run differs from the live object. Empty means that the write would
/// change nothing.
///
/// Left out are `status`, which no manifest of ours sets, and what the server counts by itself:
/// `metadata.resourceVersion` and `metadata.generation`. Of `metadata.managedFields` only the
/// times: taking over a field is a change, told by the names of the managers.
pub fn changes(live: &Value, dry_run: &Value) -> Vec<FieldChange> {
    let mut found = Vec::new();
    difference("", live, dry_run, &mut found);
    // Mostly they are equal with their times too, which is quick to see.
    let is_equal = live["metadata"]["managedFields"] == dry_run["metadata"]["managedFields"];
    if found.is_empty() && !is_equal && entries(live) != entries(dry_run) {
        found.push(FieldChange {
            path: MANAGERS.to_owned(),
            before: managers_of(live).into(),
            after: managers_of(dry_run).into(),
        });
    }
    found
}

/// The paths of [`changes`].
pub fn changed_fields(live: &Value, dry_run: &Value) -> Vec<String> {
    let changes = changes(live, dry_run).into_iter();
    changes.map(|change| change.path).collect()
}

fn is_ignored(path: &str) -> bool {
    matches!(
        path,
        "status" | "metadata.resourceVersion" | "metadata.generation" | MANAGERS
    )
}

fn difference(path: &str, before: &Value, after: &Value, found: &mut Vec<FieldChange>) {
    if before == after || is_ignored(path) {
        return;
    }
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let added = after.keys().filter(|key| !before.contains_key(*key));
            for key in before.keys().chain(added) {
                let path = join(path, key);
                let side = |map: &serde_json::Map<String, Value>| map.get(key).cloned();
                let (before, after) = (side(before), side(after));
                difference(
                    &path,
                    &before.unwrap_or(Value::Null),
                    &after.unwrap_or(Value::Null),
                    found,
                );
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                difference(&format!("{path}[{index}]"), before, after, found);
            }
        }
        _ => found.push(FieldChange {
            path: path.to_owned(),
            before: before.clone(),
            after: after.clone(),
        }),
    }
}

fn join(path: &str, key: &str) -> String {
    match (path.is_empty(), key.contains('.')) {
        (true, _) => key.to_owned(),
        (false, false) => format!("{path}.{key}"),
        (false, true) => format!("{path}[{key}]"),
    }
}

/// Who owns what, without times and in an order that does not depend on them.
fn entries(object: &Value) -> Vec<String> {
    let entries = object["metadata"]["managedFields"].as_array();
    let timeless = entries.into_iter().flatten().map(|entry| {
        let mut entry = entry.clone();
        if let Some(entry) = entry.as_object_mut() {
            entry.remove("time");
        }
        entry.to_string()
    });
    let mut managers: Vec<String> = timeless.collect();
    managers.sort();
    managers
}

/// The managers that own a part of an object, each once, in the order of their names; those of its
/// subresources left out.
pub fn managers_of(object: &Value) -> Vec<String> {
    let names = owners(object).filter_map(|entry| entry["manager"].as_str());
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

/// Whether a field manager owns a part of an object, that of its subresources left out: whoever
/// writes a status or scales did not make the object.
pub fn is_managed_by(object: &Value, manager: &str) -> bool {
    owners(object).any(|entry| entry["manager"] == manager)
}

fn owners(object: &Value) -> impl Iterator<Item = &Value> {
    let entries = object["metadata"]["managedFields"].as_array();
    entries
        .into_iter()
        .flatten()
        .filter(|entry| entry["subresource"].as_str().unwrap_or_default().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn live() -> Value {
        json!({
            "metadata": {"name": "a", "resourceVersion": "5", "generation": 1,
                "labels": {"app.kubernetes.io/name": "a"},
                "managedFields": [
                    {"manager": "windlass", "operation": "Apply", "time": "t1"},
                    {"manager": "kubelet", "operation": "Update", "time": "t2"}]},
            "spec": {"replicas": 1, "containers": [{"image": "a"}]},
            "status": {"readyReplicas": 1},
        })
    }

    #[test]
    fn what_the_server_counts_is_no_change() {
        let mut dry_run = live();
        dry_run["metadata"]["resourceVersion"] = json!("6");
        dry_run["metadata"]["generation"] = json!(2);
        dry_run["status"] = json!({"readyReplicas": 0});
        dry_run["metadata"]["managedFields"] = json!([
            {"manager": "kubelet", "operation": "Update", "time": "t4"},
            {"manager": "windlass", "operation": "Apply", "time": "t3"}]);
        assert_eq!(changed_fields(&live(), &dry_run), Vec::<String>::new());
    }

    #[test]
    fn changes_have_paths() {
        let mut dry_run = live();
        dry_run["spec"]["replicas"] = json!(2);
        dry_run["spec"]["containers"][0]["image"] = json!("b");
        dry_run["spec"]["paused"] = json!(true);
        dry_run["metadata"]["labels"] = json!({});
        assert_eq!(
            changed_fields(&live(), &dry_run),
            [
                "metadata.labels[app.kubernetes.io/name]",
                "spec.replicas",
                "spec.containers[0].image",
                "spec.paused",
            ]
        );
    }

    #[test]
    fn taking_a_field_over_is_a_change() {
        let mut dry_run = live();
        dry_run["metadata"]["managedFields"][1]["manager"] = json!("windlass");
        let change = FieldChange {
            path: MANAGERS.to_owned(),
            before: json!(["kubelet", "windlass"]),
            after: json!(["windlass"]),
        };
        assert_eq!(changes(&live(), &dry_run), [change]);
    }

    #[test]
    fn managers_are_found() {
        assert!(is_managed_by(&live(), "windlass"));
        assert!(!is_managed_by(&live(), "helm"));
        assert!(!is_managed_by(&json!({"metadata": {}}), "windlass"));
        let mut scaled = live();
        scaled["metadata"]["managedFields"][0]["subresource"] = json!("scale");
        assert!(!is_managed_by(&scaled, "windlass"));
        scaled["metadata"]["managedFields"][0]["subresource"] = json!("");
        assert!(is_managed_by(&scaled, "windlass"));
    }
}
