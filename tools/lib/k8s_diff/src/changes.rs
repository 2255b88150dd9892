//! The fields in which two documents differ.

use serde_json::{Map, Value};

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

/// The fields in which `after` differs from `before`: those that were there in their order, then
/// new ones. Lists of one length are compared item by item, others are one change. Left out is what
/// `is_ignored` says of a path, with all below it.
pub fn changes(
    before: &Value,
    after: &Value,
    is_ignored: impl Fn(&str) -> bool,
) -> Vec<FieldChange> {
    let mut found = Vec::new();
    difference("", before, after, &is_ignored, &mut found);
    found
}

fn difference(
    path: &str,
    before: &Value,
    after: &Value,
    is_ignored: &impl Fn(&str) -> bool,
    found: &mut Vec<FieldChange>,
) {
    if before == after || is_ignored(path) {
        return;
    }
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let added = after.keys().filter(|key| !before.contains_key(*key));
            for key in before.keys().chain(added) {
                let path = join(path, key);
                let side = |map: &Map<String, Value>| map.get(key).cloned();
                let (before, after) = (side(before), side(after));
                difference(
                    &path,
                    &before.unwrap_or(Value::Null),
                    &after.unwrap_or(Value::Null),
                    is_ignored,
                    found,
                );
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                let path = format!("{path}[{index}]");
                difference(&path, before, after, is_ignored, found);
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn paths(before: &Value, after: &Value) -> Vec<String> {
        let changes = changes(before, after, |path| path == "status").into_iter();
        changes.map(|change| change.path).collect()
    }

    #[test]
    fn fields_that_were_there_come_first() {
        let before = json!({"a": 1, "b": {"x.y": 1}, "c": [1, 2], "d": [1]});
        let after = json!({"new": 1, "d": [1, 2], "c": [1, 3], "b": {"x.y": 2}});
        assert_eq!(paths(&before, &after), ["a", "b[x.y]", "c[1]", "d", "new"]);
    }

    #[test]
    fn the_order_of_keys_is_no_difference_and_that_of_items_is() {
        let before = json!({"a": 1, "b": [1, 2]});
        assert_eq!(
            paths(&before, &json!({"b": [1, 2], "a": 1})),
            Vec::<String>::new()
        );
        assert_eq!(
            paths(&before, &json!({"a": 1, "b": [2, 1]})),
            ["b[0]", "b[1]"]
        );
    }

    #[test]
    fn what_is_ignored_is_not_looked_into() {
        assert_eq!(
            paths(&json!({"status": {"a": 1}}), &json!({"status": {"a": 2}})),
            Vec::<String>::new()
        );
    }
}
