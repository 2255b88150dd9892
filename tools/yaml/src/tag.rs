//! Tags: those of the core schema are kept, others have no meaning in JSON and are refused.

use granit_parser::{ScalarStyle, Tag};
use serde_json::Value;

use crate::Why;
use crate::scalar::resolve;

const YAML: &str = "tag:yaml.org,2002:";

/// The value of a scalar: without a tag, its text decides where it has no quotes.
///
/// # Errors
/// See [`Why`].
pub fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, Why> {
    let Some(tag) = tag else {
        return match style {
            ScalarStyle::Plain => resolve(text),
            _ => Ok(text.into()),
        };
    };
    let holds: fn(&Value) -> bool = match name(tag).as_str() {
        "" | "str" => return Ok(text.into()),
        "bool" => Value::is_boolean,
        "float" => Value::is_number,
        "int" => |value| value.is_i64() || value.is_u64(),
        "map" | "seq" => return Err(mismatch(tag, format!("`{text}`"))),
        "null" => Value::is_null,
        _ => {
            return Err(Why::Tag {
                tag: tag.original(),
            });
        }
    };
    let value = resolve(text)?;
    if holds(&value) {
        Ok(value)
    } else {
        Err(mismatch(tag, format!("`{text}`")))
    }
}

/// Checks the tag of a list (`seq`) or mapping (`map`).
///
/// # Errors
/// See [`Why`].
pub fn collection(is: &str, tag: Option<&Tag>) -> Result<(), Why> {
    let Some(tag) = tag else {
        return Ok(());
    };
    match name(tag).as_str() {
        "" => Ok(()),
        name if name == is => Ok(()),
        "bool" | "float" | "int" | "map" | "null" | "seq" | "str" => {
            let got = if is == "map" { "a mapping" } else { "a list" };
            Err(mismatch(tag, got.to_owned()))
        }
        _ => Err(Why::Tag {
            tag: tag.original(),
        }),
    }
}

fn mismatch(tag: &Tag, got: String) -> Why {
    Why::TagMismatch {
        tag: tag.original(),
        got,
    }
}

/// `int` of `!!int`; nothing of `!` alone; of others the tag itself.
fn name(tag: &Tag) -> String {
    match tag.suffix_in_namespace(YAML) {
        Some(name) => name.into_owned(),
        None if tag.original() == "!" => String::new(),
        None => tag.original(),
    }
}
