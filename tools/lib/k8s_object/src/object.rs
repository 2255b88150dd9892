//! A manifest as JSON, with its identity taken out.

use std::sync::Arc;

use serde_json::Value;

use crate::key::{ApiVersion, FieldError, Key, Kind, Name, Namespace, is_cluster_scoped};

/// Why a text is not one Kubernetes object.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum ParseError {
    /// The text is no JSON.
    #[error("it is not JSON")]
    Json(#[source] serde_json::Error),
    /// Not exactly one document.
    #[error("got {got}, want exactly one object")]
    NotOne {
        /// What the file holds, in words.
        got: String,
    },
    /// A field that every object has is missing.
    #[error("{field} is missing")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A field does not hold what it must.
    #[error(transparent)]
    Field(#[from] FieldError),
}

/// One Kubernetes object: its document, with keys in input order, and its identity. A clone shares
/// the document until one of the two is changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    document: Arc<Value>,
    api_version: ApiVersion,
    key: Key,
}

impl Object {
    /// Parses the text of a file that holds exactly one object.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut documents = Vec::new();
        for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
            documents.push(document.map_err(ParseError::Json)?);
        }
        let count = documents.len();
        match documents.pop() {
            Some(document) if count == 1 => Self::from_document(document),
            _ => Err(ParseError::NotOne {
                got: format!("{count} documents"),
            }),
        }
    }

    /// Takes a parsed document.
    pub fn from_document(document: Value) -> Result<Self, ParseError> {
        let got = match &document {
            Value::Object(_) => None,
            Value::Array(items) => Some(format!("an array of {}", items.len())),
            Value::Null => Some("null".to_owned()),
            other => Some(format!("`{other}`")),
        };
        if let Some(got) = got {
            return Err(ParseError::NotOne { got });
        }
        let api_version = ApiVersion::try_new(text(&document, "/apiVersion", "apiVersion")?)?;
        let kind = Kind::try_new(text(&document, "/kind", "kind")?)?;
        if let Some(Value::Array(items)) = document.get("items")
            && kind.as_str().ends_with("List")
        {
            return Err(ParseError::NotOne {
                got: format!("a {} of {}", kind.as_str(), items.len()),
            });
        }
        let name = Name::try_new(text(&document, "/metadata/name", "metadata.name")?)?;
        let namespace = match document.pointer("/metadata/namespace") {
            None | Some(Value::Null) => None,
            Some(_) => {
                let namespace = text(&document, "/metadata/namespace", "metadata.namespace")?;
                Some(Namespace::try_new(namespace)?)
            }
        };
        let key = Key {
            group: api_version.group().to_owned(),
            kind,
            namespace,
            name,
        };
        Ok(Self {
            document: Arc::new(document),
            api_version,
            key,
        })
    }

    /// The identity.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// `apiVersion`.
    pub fn api_version(&self) -> &ApiVersion {
        &self.api_version
    }

    /// `kind`.
    pub fn kind(&self) -> &Kind {
        &self.key.kind
    }

    /// Whether it is of a kind of Kubernetes itself that lives in no namespace.
    pub fn is_cluster_scoped(&self) -> bool {
        is_cluster_scoped(&self.key.group, &self.key.kind)
    }

    /// The document.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// Calls `visit` with each image field (see [`crate::images`]).
    pub fn visit_images(&mut self, visit: impl FnMut(&str, &mut String)) {
        crate::images::visit(Arc::make_mut(&mut self.document), visit);
    }

    /// Sets one label. `metadata` is there: the name was read from it.
    pub fn set_label(&mut self, key: &str, value: &str) {
        self.set_metadata("labels", key, value);
    }

    /// Sets one annotation.
    pub fn set_annotation(&mut self, key: &str, value: &str) {
        self.set_metadata("annotations", key, value);
    }

    /// A label's value.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.metadata("labels", key)
    }

    /// An annotation's value.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata("annotations", key)
    }

    fn metadata(&self, map: &str, key: &str) -> Option<&str> {
        self.document.get("metadata")?.get(map)?.get(key)?.as_str()
    }

    fn set_metadata(&mut self, map: &str, key: &str, value: &str) {
        let entries = &mut Arc::make_mut(&mut self.document)["metadata"][map];
        if !entries.is_object() {
            *entries = Value::Object(serde_json::Map::new());
        }
        entries[key] = Value::String(value.to_owned());
    }
}

/// The text at `pointer`, which messages call `field`.
fn text<'a>(
    document: &'a Value,
    pointer: &str,
    field: &'static str,
) -> Result<&'a str, ParseError> {
    match document.pointer(pointer) {
        None | Some(Value::Null) => Err(ParseError::Missing { field }),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(FieldError {
            field,
            got: other.to_string(),
            want: "a string",
        }
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Object::parse(text).expect_err("refused").to_string()
    }

    #[test]
    fn identity() {
        let object = Object::parse(
            r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"server","namespace":"alice"}}"#,
        )
        .expect("parsed");
        assert_eq!(object.key().to_string(), "Deployment `alice/server`");
        assert_eq!(object.key().group, "apps");
        assert!(!object.is_cluster_scoped());
    }

    #[test]
    fn exactly_one_document() {
        assert_eq!(refused(""), "got 0 documents, want exactly one object");
        assert_eq!(refused("{}{}"), "got 2 documents, want exactly one object");
        assert_eq!(
            refused("[{}, {}]"),
            "got an array of 2, want exactly one object"
        );
        assert_eq!(refused("null"), "got null, want exactly one object");
        let list = r#"{"apiVersion":"v1","kind":"List","items":[{},{}]}"#;
        assert_eq!(refused(list), "got a List of 2, want exactly one object");
        let list = r#"{"apiVersion":"v1","kind":"ConfigMapList","items":[]}"#;
        assert_eq!(
            refused(list),
            "got a ConfigMapList of 0, want exactly one object"
        );
        assert_eq!(refused("{"), "it is not JSON");
    }

    #[test]
    fn fields_that_every_object_has() {
        assert_eq!(refused("{}"), "apiVersion is missing");
        assert_eq!(refused(r#"{"apiVersion":"v1"}"#), "kind is missing");
        let unnamed = r#"{"apiVersion":"v1","kind":"Pod","metadata":{}}"#;
        assert_eq!(refused(unnamed), "metadata.name is missing");
        let number = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":1}}"#;
        assert_eq!(refused(number), "metadata.name: got `1`, want a string");
    }

    #[test]
    fn a_change_of_a_clone_stays_there() {
        let text = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}"#;
        let object = Object::parse(text).expect("parsed");
        let mut changed = object.clone();
        changed.set_label("k", "v");
        assert_eq!(changed.document()["metadata"]["labels"]["k"], "v");
        assert_eq!(object.document().to_string(), text);
    }

    #[test]
    fn labels_and_annotations_are_added_in_place() {
        let mut object = Object::parse(
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","labels":{"x":"y"}}}"#,
        )
        .expect("parsed");
        object.set_label("k", "v");
        object.set_annotation("a/b", "c");
        assert_eq!(object.annotation("a/b"), Some("c"));
        assert_eq!((object.label("x"), object.label("a/b")), (Some("y"), None));
        assert_eq!(
            object.document().to_string(),
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","labels":{"x":"y","k":"v"},"annotations":{"a/b":"c"}}}"#
        );
    }
}
