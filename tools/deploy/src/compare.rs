//! Whether a write would change an object, and where.
//!
//! Compared are the object as it is and the API server's dry run of the write. Both come from the
//! server, so defaults, admission webhooks and merges by key are in both: no schema is known here.

use serde_json::Value;
use windlass_k8s_diff::FieldChange;

/// The path of a change that moves fields between managers and changes no value.
pub const MANAGERS: &str = "metadata.managedFields";

/// The fields in which a dry run differs from the live object. Empty means that the write would
/// change nothing.
///
/// Left out are `status`, which no manifest of ours sets, and what the server counts by itself:
/// `metadata.resourceVersion` and `metadata.generation`. Of `metadata.managedFields` only the
/// times: taking over a field is a change, told by the names of the managers.
pub fn changes(live: &Value, dry_run: &Value) -> Vec<FieldChange> {
    let mut found = windlass_k8s_diff::changes(live, dry_run, is_ignored);
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
