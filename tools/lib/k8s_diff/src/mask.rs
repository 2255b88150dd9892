//! Takes the values out of a Secret before anything of it is shown. Pure.
//!
//! Hidden are `data` and `stringData`, and all annotations but our own: clients keep whole copies
//! of an object there (`kubectl.kubernetes.io/last-applied-configuration`), packed or not. Names
//! of keys stay. A mask tells neither a byte nor a length, only whether two values differ.

use serde_json::Value;

/// What stands for a value.
pub const MASK: &str = "***";
/// What stands for a value that is another one than before.
pub const OTHER: &str = "*** (another value)";

/// Annotations that begin like this hold labels of targets and names of users.
const OWN: &str = "windlass.dev/";

/// An object to show: itself, unless it is a Secret.
pub fn masked(object: &Value) -> Value {
    pair(object, object).0
}

/// Two forms of one object to compare and to show: values that are equal have equal masks.
pub fn pair(before: &Value, after: &Value) -> (Value, Value) {
    let (mut shown_before, mut shown_after) = (before.clone(), after.clone());
    if is_secret(before) || is_secret(after) {
        for pointer in ["/data", "/stringData", "/metadata/annotations"] {
            hide(&mut shown_before, pointer, &Value::Null, MASK);
            hide(&mut shown_after, pointer, before, OTHER);
        }
    }
    (shown_before, shown_after)
}

/// Whether an object is a Secret.
pub fn is_secret(object: &Value) -> bool {
    object["apiVersion"] == "v1" && object["kind"] == "Secret"
}

/// Hides the values of one map; those that `before` has and that are others now, by `other`.
fn hide(object: &mut Value, pointer: &str, before: &Value, other: &str) {
    let before = before.pointer(pointer);
    match object.pointer_mut(pointer) {
        None => {}
        Some(Value::Object(values)) => {
            for (key, value) in values {
                if key.starts_with(OWN) {
                    continue;
                }
                let before = before.and_then(|before| before.get(key));
                let differs = before.is_some_and(|before| before != value);
                *value = if differs { other } else { MASK }.into();
            }
        }
        Some(value) => {
            let differs = before.is_some_and(|before| before != value);
            *value = if differs { other } else { MASK }.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes;
    use serde_json::json;

    fn secret(password: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": "db", "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration":
                    format!("{{\"data\":{{\"password\":\"{password}\"}}}}"),
                "windlass.dev/object": "//a:b"}},
            "data": {"password": password, "user": "cm9vdA=="},
            "stringData": {"plain": password}})
    }

    #[test]
    fn a_secret_shows_keys_and_no_values() {
        assert_eq!(
            masked(&secret("c2VjcmV0")),
            json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
                "metadata": {"name": "db", "annotations": {
                    "kubectl.kubernetes.io/last-applied-configuration": "***",
                    "windlass.dev/object": "//a:b"}},
                "data": {"password": "***", "user": "***"}, "stringData": {"plain": "***"}})
        );
    }

    #[test]
    fn values_that_differ_are_said_to_and_no_more() {
        let (before, after) = pair(&secret("b25l"), &secret("dHdvdHdvdHdv"));
        let paths: Vec<String> = changes(&before, &after, |_| false)
            .into_iter()
            .map(|change| format!("{}: {} -> {}", change.path, change.before, change.after))
            .collect();
        let differs = "\"***\" -> \"*** (another value)\"";
        assert_eq!(
            paths,
            [
                format!(
                    "metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]: {differs}"
                ),
                format!("data.password: {differs}"),
                format!("stringData.plain: {differs}"),
            ]
        );
    }

    #[test]
    fn data_that_is_no_map_is_hidden_as_a_whole() {
        let odd = json!({"apiVersion": "v1", "kind": "Secret", "data": "c2VjcmV0"});
        assert_eq!(masked(&odd)["data"], "***");
    }

    #[test]
    fn other_kinds_stay_as_they_are() {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "v"}});
        assert_eq!(masked(&map), map);
    }
}
