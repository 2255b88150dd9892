//! What is sent of an object, given what is there. Pure.
//!
//! Fields that are left to others are sent as long as nobody else has taken them, with the value
//! that is there: to leave out a field that only we own would remove it. Once somebody else has
//! taken one, it is left out. So an autoscaler neither loses what it has set nor gets a conflict.

use std::borrow::Cow;

use serde_json::Value;
use windlass_k8s_object::Object;

use crate::desired::DesiredObject;
use crate::inventory::{PART_OF_LABEL, own_entry, set_of};
use crate::policy::{FieldPath, Segment};

/// The object to send: as it is desired, or changed where what is there has a say.
pub fn settled<'a>(desired: &'a DesiredObject, live: Option<&Value>) -> Cow<'a, Object> {
    let object = &desired.object;
    let Some(live) = live else {
        return Cow::Borrowed(object);
    };
    // One object by itself stays in the set that it is in.
    let set = set_of(live).filter(|_| object.label(PART_OF_LABEL).is_none());
    let ignored = &desired.policy.ignore_fields;
    if set.is_none() && ignored.is_empty() {
        return Cow::Borrowed(object);
    }
    let mut document = object.document().clone();
    for path in ignored {
        leave(path, &mut document, live);
    }
    let mut object = Object::from_document(document).expect("its name and kind are not ignored");
    if let Some(set) = set {
        object.set_label(PART_OF_LABEL, set);
    }
    Cow::Owned(object)
}

/// A manifest without the fields that are left to others.
pub fn without_ignored(desired: &DesiredObject) -> Cow<'_, Value> {
    let document = desired.object.document();
    if desired.policy.ignore_fields.is_empty() {
        return Cow::Borrowed(document);
    }
    let mut document = document.clone();
    for path in &desired.policy.ignore_fields {
        put(path, &mut document, None);
    }
    Cow::Owned(document)
}

fn leave(path: &FieldPath, document: &mut Value, live: &Value) {
    let value = path.get(live).filter(|_| may_be_ours(path, live));
    put(path, document, value);
}

/// Whether we own a field, as far as server-side apply remembers by names. Items of lists are
/// remembered by their keys, which a path does not tell: these are taken for ours.
fn may_be_ours(path: &FieldPath, live: &Value) -> bool {
    let mut owned = own_entry(live).map_or(&Value::Null, |entry| &entry["fieldsV1"]);
    for segment in path.segments() {
        let Segment::Name(name) = segment else {
            return true;
        };
        match owned.get(format!("f:{name}")) {
            Some(inner) => owned = inner,
            None => return false,
        }
    }
    true
}

/// Sets a field that the document has, or removes it; an item of a list keeps its place.
fn put(path: &FieldPath, document: &mut Value, value: Option<&Value>) {
    let Some((last, outer)) = path.segments().split_last() else {
        return;
    };
    let mut parent = document;
    for segment in outer {
        let inner = match segment {
            Segment::Name(name) => parent.get_mut(name),
            Segment::Index(index) => parent.get_mut(*index),
        };
        let Some(inner) = inner else { return };
        parent = inner;
    }
    match (parent, last) {
        (Value::Object(fields), Segment::Name(name)) => match value {
            Some(value) if fields.contains_key(name) => {
                fields.insert(name.clone(), value.clone());
            }
            Some(_) => {}
            None => {
                fields.shift_remove(name);
            }
        },
        (Value::Array(items), Segment::Index(index)) => {
            if let (Some(item), Some(value)) = (items.get_mut(*index), value) {
                *item = value.clone();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use serde_json::json;

    fn desired(ignored: &str) -> DesiredObject {
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "a", "namespace": "alice"},
            "spec": {"replicas": 2, "paused": false}});
        DesiredObject {
            label: "//a:myns-a".to_owned(),
            group: 0,
            object: Object::from_document(object).expect("object"),
            images: Vec::new(),
            policy: Policy {
                ignore_fields: vec![FieldPath::parse(ignored).expect("path")],
                ..Policy::default()
            },
        }
    }

    fn live(owned: &Value) -> Value {
        json!({"metadata": {"managedFields": [{"manager": "windlass", "operation": "Apply",
            "fieldsV1": {"f:spec": owned}}]}, "spec": {"replicas": 7, "paused": false}})
    }

    fn sent(ignored: &str, live: Option<&Value>) -> Value {
        settled(&desired(ignored), live).document()["spec"].clone()
    }

    #[test]
    fn a_field_is_ours_until_somebody_takes_it() {
        let replicas = "spec.replicas";
        assert_eq!(
            sent(replicas, None),
            json!({"replicas": 2, "paused": false})
        );
        let ours = live(&json!({"f:replicas": {}}));
        assert_eq!(
            sent(replicas, Some(&ours)),
            json!({"replicas": 7, "paused": false})
        );
        let taken = live(&json!({"f:paused": {}}));
        assert_eq!(sent(replicas, Some(&taken)), json!({"paused": false}));
    }

    #[test]
    fn what_is_ignored_does_not_count_in_the_digest() {
        let one = desired("spec.replicas");
        let mut other = desired("spec.replicas");
        let mut document = other.object.document().clone();
        document["spec"]["replicas"] = json!(9);
        other.object = Object::from_document(document.clone()).expect("object");
        assert_eq!(one.digest(), other.digest());
        document["spec"]["paused"] = json!(true);
        other.object = Object::from_document(document).expect("object");
        assert_ne!(one.digest(), other.digest());
    }

    #[test]
    fn one_object_by_itself_keeps_the_label_of_its_set() {
        let mut live = live(&json!({}));
        live["metadata"]["labels"][PART_OF_LABEL] = json!("applyset-x-v1");
        let one = desired("spec.replicas");
        let sent = settled(&one, Some(&live));
        assert_eq!(sent.label(PART_OF_LABEL), Some("applyset-x-v1"));
    }
}
