//! Bytes to compute a digest of: equal for documents that hold the same, different for all others.

use serde_json::Value;

/// Appends a document as bytes that do not depend on the order of its keys.
///
/// Each value is one letter for its type, then what it holds: of text its length in bytes and the
/// text; of a list or an object the number of its items, and these, by their keys in order; of a
/// number its text. So no two documents have the same bytes. Nobody reads them back.
pub fn canonical(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Null => bytes.push(b'n'),
        Value::Bool(false) => bytes.push(b'f'),
        Value::Bool(true) => bytes.push(b't'),
        Value::Number(number) => text(b'd', &number.to_string(), bytes),
        Value::String(string) => text(b's', string, bytes),
        Value::Array(items) => {
            head(b'a', items.len(), bytes);
            for item in items {
                canonical(item, bytes);
            }
        }
        Value::Object(fields) => {
            head(b'o', fields.len(), bytes);
            let mut sorted: Vec<(&String, &Value)> = fields.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            for (name, value) in sorted {
                text(b's', name, bytes);
                canonical(value, bytes);
            }
        }
    }
}

fn text(letter: u8, text: &str, bytes: &mut Vec<u8>) {
    head(letter, text.len(), bytes);
    bytes.extend_from_slice(text.as_bytes());
}

fn head(letter: u8, length: usize, bytes: &mut Vec<u8>) {
    bytes.push(letter);
    bytes.extend_from_slice(&(length as u64).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn bytes(value: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        canonical(value, &mut bytes);
        bytes
    }

    #[test]
    fn the_order_of_keys_does_not_matter() {
        let one = json!({"a": 1, "b": {"c": [1, 2], "d": null}});
        let other = json!({"b": {"d": null, "c": [1, 2]}, "a": 1});
        assert_eq!(bytes(&one), bytes(&other));
    }

    #[test]
    fn other_documents_have_other_bytes() {
        let documents = [
            json!(null),
            json!(false),
            json!(true),
            json!(1),
            json!(1.0),
            json!("1"),
            json!("null"),
            json!(""),
            json!([]),
            json!({}),
            json!([1, 2]),
            json!([2, 1]),
            json!([[1], 2]),
            json!([[1, 2]]),
            json!(["a", "b"]),
            json!(["ab"]),
            json!({"a": "b"}),
            json!({"ab": ""}),
            json!({"a": {"b": 1}}),
            json!({"a": {}, "b": 1}),
        ];
        for (at, one) in documents.iter().enumerate() {
            for other in &documents[..at] {
                assert_ne!(bytes(one), bytes(other), "{one} and {other}");
            }
        }
    }
}
