//! What an object's owner says of it beside its manifest: fields that are left to others, when it
//! is ready, whether it may be made anew.

use std::fmt;

use serde_json::Value;

use crate::desired::{ENVIRONMENT_LABEL, MANAGED_BY_LABEL, OBJECT_ANNOTATION};
use crate::inventory::PART_OF_LABEL;
use crate::request::{ObjectRequest, Recreate};

/// What an object's owner says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Fields that are left to others once the object is there.
    pub ignore_fields: Vec<FieldPath>,
    /// What must hold, all of it, for the object to be ready.
    pub ready_when: Vec<ReadyWhen>,
    /// Whether the object may be deleted and made anew.
    pub recreate: Recreate,
}

/// An attribute that holds something else than it may. The build refuses it too.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{attribute}: got `{got}`, want {want}")]
pub struct PolicyRefused {
    /// The attribute.
    pub attribute: &'static str,
    /// What it holds.
    pub got: String,
    /// What it may hold.
    pub want: &'static str,
}

impl Policy {
    /// Parses what a request says of one object.
    ///
    /// # Errors
    /// A path or a condition has another form.
    pub fn parse(request: &ObjectRequest) -> Result<Self, PolicyRefused> {
        let path = |text: &String| {
            let refused = |want| PolicyRefused {
                attribute: "ignore_fields",
                got: text.clone(),
                want,
            };
            let path = FieldPath::parse(text).ok_or_else(|| {
                refused("names with `.` between them and [index] or [\"key\"] behind them")
            })?;
            if path.is_identity() {
                return Err(refused(
                    "a field that does not hold what the object is and whose it is",
                ));
            }
            Ok(path)
        };
        let ready = |text: &String| {
            ReadyWhen::parse(text).ok_or_else(|| PolicyRefused {
                attribute: "ready_when",
                got: text.clone(),
                want: "condition=TYPE, condition=TYPE=True, jsonpath={.PATH} or \
                       jsonpath={.PATH}=VALUE",
            })
        };
        Ok(Self {
            ignore_fields: request
                .ignore_fields
                .iter()
                .map(path)
                .collect::<Result<_, _>>()?,
            ready_when: request
                .ready_when
                .iter()
                .map(ready)
                .collect::<Result<_, _>>()?,
            recreate: request.recreate,
        })
    }
}

/// The way to a field: `spec.ports[0].port`, `metadata.annotations["a/b"]`. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPath(Vec<Segment>);

/// The fields that say which object it is and whose.
const IDENTITY: [&[&str]; 8] = [
    &["apiVersion"],
    &["kind"],
    &["metadata", "name"],
    &["metadata", "namespace"],
    &["metadata", "annotations", OBJECT_ANNOTATION],
    &["metadata", "labels", MANAGED_BY_LABEL],
    &["metadata", "labels", PART_OF_LABEL],
    &["metadata", "labels", ENVIRONMENT_LABEL],
];

/// One step of a [`FieldPath`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A field of an object, or a key of a map.
    Name(String),
    /// A place in a list, from 0.
    Index(usize),
}

impl FieldPath {
    /// Parses names with `.` between them and `[index]` or `["key"]` behind them. `None` if it is
    /// something else.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, mut rest) = split_name(text)?;
        let mut segments = vec![name];
        while !rest.is_empty() {
            let (segment, after) = match rest.strip_prefix('[') {
                Some(inner) => split_bracket(inner)?,
                None => split_name(rest.strip_prefix('.')?)?,
            };
            segments.push(segment);
            rest = after;
        }
        Some(Self(segments))
    }

    /// Whether it is one of the fields that say which object it is and whose, or holds one.
    fn is_identity(&self) -> bool {
        IDENTITY.iter().any(|own| {
            let pairs = own.iter().zip(&self.0);
            let mut same = pairs.map(|(own, segment)| segment == own);
            same.all(|same| same)
        })
    }

    /// Its steps, from the outermost.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The field's value in a document.
    pub fn get<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        self.0
            .iter()
            .try_fold(document, |value, segment| match segment {
                Segment::Name(name) => value.get(name),
                Segment::Index(index) => value.get(*index),
            })
    }
}

impl PartialEq<&str> for Segment {
    fn eq(&self, name: &&str) -> bool {
        matches!(self, Self::Name(own) if own == name)
    }
}

/// Whether a character may stand in a name that is written without quotes.
fn is_plain(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '$')
}

fn split_name(text: &str) -> Option<(Segment, &str)> {
    let end = text.find(|char| !is_plain(char)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    (!name.is_empty()).then(|| (Segment::Name(name.to_owned()), rest))
}

/// What is behind a `[`.
fn split_bracket(text: &str) -> Option<(Segment, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (key, rest) = quoted.split_once('"')?;
        let is_key = !key.is_empty() && !key.contains('\\');
        return is_key.then_some((Segment::Name(key.to_owned()), rest.strip_prefix(']')?));
    }
    let (index, rest) = text.split_once(']')?;
    let is_index = index == "0" || !index.starts_with(['0', '+']);
    Some((
        Segment::Index(index.parse().ok().filter(|_| is_index)?),
        rest,
    ))
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Name(name) if name.chars().all(is_plain) => {
                    write!(f, "{}{name}", if at == 0 { "" } else { "." })?;
                }
                Segment::Name(name) => write!(f, "[\"{name}\"]")?,
            }
        }
        Ok(())
    }
}

/// Something that must hold for an object to be ready, as `kubectl wait --for` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadyWhen {
    /// `condition=Synced=True`: a condition has a status.
    Condition {
        /// The condition's type.
        name: String,
        /// `True`, `False` or `Unknown`.
        status: String,
    },
    /// `jsonpath={.status.phase}=Running`: a field has a value, or is there.
    Field {
        /// The field.
        path: FieldPath,
        /// Its value as text; `None` if any will do.
        value: Option<String>,
    },
}

impl ReadyWhen {
    /// Parses one of the four forms; `None` if it is none of them.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(condition) = text.strip_prefix("condition=") {
            let (name, status) = condition.split_once('=').unwrap_or((condition, "True"));
            let is_type = |char: char| is_plain(char) && char != '$' || matches!(char, '.' | '/');
            let is_known = matches!(status, "True" | "False" | "Unknown");
            let holds = !name.is_empty() && name.chars().all(is_type) && is_known;
            return holds.then(|| Self::Condition {
                name: name.to_owned(),
                status: status.to_owned(),
            });
        }
        let field = text.strip_prefix("jsonpath={.")?;
        let (path, value) = match field.split_once("}=") {
            Some((path, value)) if !value.is_empty() => (path, Some(value.to_owned())),
            Some(_) => return None,
            None => (field.strip_suffix('}')?, None),
        };
        Some(Self::Field {
            path: FieldPath::parse(path)?,
            value,
        })
    }
}

/// In the form that it is parsed from.
impl fmt::Display for ReadyWhen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Condition { name, status } => write!(f, "condition={name}={status}"),
            Self::Field { path, value: None } => write!(f, "jsonpath={{.{path}}}"),
            Self::Field {
                path,
                value: Some(value),
            } => write!(f, "jsonpath={{.{path}}}={value}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_are_printed_as_they_are_read() {
        for text in [
            "$ref",
            "spec.replicas",
            "spec.a[0].b",
            "metadata.annotations[\"a.b/c\"]",
            "a[\"x y\"][\"z]\"][10]",
        ] {
            let path = FieldPath::parse(text).expect(text);
            assert_eq!(path.to_string(), text);
        }
        let plain = FieldPath::parse("a[\"x\"]").expect("a path");
        assert_eq!(plain.to_string(), "a.x");
    }

    #[test]
    fn what_is_no_path() {
        for text in [
            "",
            ".a",
            "a.",
            "a..b",
            "a b",
            "a[",
            "a[]",
            "a[x]",
            "a[01]",
            "a[+1]",
            "a[\"\"]",
            "a[\"x",
            "a[\"x\"",
            "a[\"x\"b]",
            "a[\"\\n\"]",
            "a]",
            "a[0]b",
            "a[0].",
            "[0]",
        ] {
            assert_eq!(FieldPath::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_an_object_is_cannot_be_left_to_others() {
        let is_identity = |text: &str| FieldPath::parse(text).expect(text).is_identity();
        for text in [
            "kind",
            "metadata",
            "metadata.name",
            "metadata.labels",
            "metadata.labels[\"windlass.dev/environment\"]",
            "metadata.annotations[\"windlass.dev/object\"].x",
        ] {
            assert!(is_identity(text), "{text}");
        }
        for text in [
            "spec.replicas",
            "metadata.labels.tier",
            "kinds",
            "spec.kind",
        ] {
            assert!(!is_identity(text), "{text}");
        }
    }

    #[test]
    fn a_path_leads_to_a_value() {
        let document = json!({"a": {"x/y": [1, 2]}});
        let get = |text: &str| FieldPath::parse(text).expect(text).get(&document).cloned();
        assert_eq!(get("a[\"x/y\"][1]"), Some(json!(2)));
        assert_eq!(get("a[\"x/y\"][2]"), None);
        assert_eq!(get("a[0]"), None);
    }

    #[test]
    fn conditions_and_fields_that_must_hold() {
        for (text, want) in [
            ("condition=Ready", "condition=Ready=True"),
            ("condition=a.b/C=Unknown", "condition=a.b/C=Unknown"),
            ("jsonpath={.status.phase}", "jsonpath={.status.phase}"),
            ("jsonpath={.a[\"x}\"]}=y}z", "jsonpath={.a[\"x}\"]}=y}z"),
        ] {
            let parsed = ReadyWhen::parse(text).map(|parsed| parsed.to_string());
            assert_eq!(parsed.as_deref(), Some(want));
        }
        for text in [
            "Ready",
            "condition=",
            "condition=Ready=",
            "condition=Ready=yes",
            "delete",
            "jsonpath=.a",
            "jsonpath={.a",
            "jsonpath={.a}=",
            "jsonpath={a}",
            "jsonpath={.a[?(@.b)]}",
        ] {
            assert_eq!(ReadyWhen::parse(text), None, "{text}");
        }
    }
}
