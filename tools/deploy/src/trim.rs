//! What is kept of objects that nobody will write again. Pure.
//!
//! A run looks at how far its objects are until the last of them is ready. What a `ConfigMap`
//! holds, or who has set which field, tells nothing of that, and is the larger part of most objects.

use serde_json::Value;

use crate::desired::DesiredObject;

/// The fields that tell how far an object is.
const TELLING: [&str; 5] = ["apiVersion", "kind", "metadata", "spec", "status"];

/// Leaves of a live object what tells how far it is. Where its owner says what to look at, that may
/// be anywhere.
pub fn trim(desired: &DesiredObject, live: &mut Value) {
    let Some(fields) = live.as_object_mut() else {
        return;
    };
    if desired.policy.ready_when.is_empty() {
        fields.retain(|name, _| TELLING.contains(&name.as_str()));
    }
    if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("managedFields");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Policy, ReadyWhen};
    use serde_json::json;
    use windlass_k8s_object::Object;

    fn trimmed(policy: Policy) -> Value {
        let mut live = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "a", "uid": "u1", "managedFields": [{"manager": "windlass"}]},
            "data": {"k": "v"}, "status": {"phase": "Active"}});
        let desired = DesiredObject {
            label: "//a:myns-a".to_owned(),
            group: 0,
            object: Object::from_document(live.clone()).expect("object"),
            images: Vec::new(),
            policy,
        };
        trim(&desired, &mut live);
        live
    }

    #[test]
    fn what_tells_how_far_it_is_stays() {
        let want = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "a", "uid": "u1"}, "status": {"phase": "Active"}});
        assert_eq!(trimmed(Policy::default()), want);
    }

    #[test]
    fn what_its_owner_looks_at_may_be_anywhere() {
        let ready_when = vec![ReadyWhen::parse("jsonpath={.data.k}=v").expect("condition")];
        let policy = Policy {
            ready_when,
            ..Policy::default()
        };
        assert_eq!(trimmed(policy)["data"]["k"], "v");
    }
}
