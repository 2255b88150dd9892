//! Claims of volumes.

use serde_json::Value;

use super::Readiness::{self, Current, Failed, InProgress};
use super::unseen;
use crate::cluster::{Reach, Resource};
use crate::watch::{Knowledge, Store};

/// Set by the scheduler when it has a node for the first consumer of a claim.
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";

/// Classes of storage.
pub fn storage_classes() -> Resource {
    let plural = "storageclasses";
    Resource::built_in("storage.k8s.io/v1", "StorageClass", plural, Reach::Cluster)
}

/// A claim that is pending may wait for its first consumer: see [`with_class`].
pub(super) fn claim(object: &Value) -> Readiness {
    match object["status"]["phase"].as_str() {
        None => unseen(),
        Some("Bound") => Current,
        Some("Lost") => Failed("its volume is lost".to_owned()),
        Some(_) if object["metadata"]["annotations"][SELECTED_NODE].is_string() => being_made(),
        Some(_) => Current,
    }
}

fn being_made() -> Readiness {
    InProgress("its volume is being made".to_owned())
}

/// A claim that nothing of its own keeps from being ready, by its storage class. Where that may
/// not be read it is ready: the pods that need it tell.
pub(super) fn with_class(claim: &Value, store: &Store) -> Readiness {
    if claim["status"]["phase"] == "Bound" {
        return Current;
    }
    let name = match claim["spec"]["storageClassName"].as_str() {
        Some("") => return InProgress("no volume is there for it".to_owned()),
        None => {
            return InProgress(
                "no storage class: it names none, and none is the default".to_owned(),
            );
        }
        Some(name) => name,
    };
    match store.knowledge(&storage_classes(), None) {
        Knowledge::Refused => return Current,
        Knowledge::Nothing => return InProgress("its storage class is not known yet".to_owned()),
        Knowledge::All => {}
    }
    match store.get("storage.k8s.io/v1", "StorageClass", "", name) {
        None => InProgress(format!("storage class `{name}` is missing")),
        Some(class) if class["volumeBindingMode"] == "WaitForFirstConsumer" => Current,
        Some(_) => being_made(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ready::tests::{failed, progress};
    use crate::ready::{Surroundings, readiness_among};
    use serde_json::json;

    fn claim(class: Value, phase: &str, annotations: Value) -> Value {
        let mut claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data", "namespace": "alice"}, "status": {"phase": phase}});
        claim["metadata"]["annotations"] = annotations;
        claim["spec"]["storageClassName"] = class;
        claim
    }

    fn among(object: &Value, store: &Store) -> Readiness {
        readiness_among(object, &[], Surroundings { store, run: &[] })
    }

    #[test]
    fn claims() {
        let of =
            |name: &str, mode: &str| json!({"metadata": {"name": name}, "volumeBindingMode": mode});
        let items = [of("later", "WaitForFirstConsumer"), of("now", "Immediate")];
        let classes = json!({"items": items});
        let mut store = Store::default();
        store.add(classes, &storage_classes(), None);
        let none = || json!({});
        let placed = json!({SELECTED_NODE: "n"});
        for (name, object, want) in [
            ("bound", claim(json!("gone"), "Bound", none()), Current),
            (
                "waits for its consumer",
                claim(json!("later"), "Pending", none()),
                Current,
            ),
            (
                "has its consumer",
                claim(json!("later"), "Pending", placed),
                being_made(),
            ),
            (
                "at once",
                claim(json!("now"), "Pending", none()),
                being_made(),
            ),
            (
                "no such class",
                claim(json!("x"), "Pending", none()),
                progress("storage class `x` is missing"),
            ),
            (
                "no class",
                claim(json!(""), "Pending", none()),
                progress("no volume is there for it"),
            ),
            (
                "no default class",
                claim(json!(null), "Pending", none()),
                progress("no storage class: it names none, and none is the default"),
            ),
            (
                "lost",
                claim(json!("now"), "Lost", none()),
                failed("its volume is lost"),
            ),
        ] {
            assert_eq!(among(&object, &store), want, "{name}");
        }
        let new = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim"});
        assert_eq!(among(&new, &store), unseen());
    }

    #[test]
    fn claims_whose_class_is_not_known() {
        let pending = claim(json!("now"), "Pending", json!({}));
        let mut store = Store::default();
        let waits = progress("its storage class is not known yet");
        assert_eq!(among(&pending, &store), waits);
        store.refuse(&storage_classes(), None);
        assert_eq!(among(&pending, &store), Current);
    }
}
