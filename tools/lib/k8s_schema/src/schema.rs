//! The schema of a version, as data.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::crd::Definition;

/// The kinds of one version of Kubernetes, and what their fields may be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schemas {
    /// The minor version: `1.36`.
    pub(crate) kubernetes: Version,
    /// By `<apiVersion> <kind>`.
    pub(crate) kinds: BTreeMap<String, Kind>,
    /// By the name that a `$ref` ends with.
    pub(crate) definitions: BTreeMap<String, Schema>,
}

/// A kind of an API version.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kind {
    #[serde(flatten)]
    pub(crate) schema: Schema,
    /// The minor version that deprecated it.
    pub(crate) deprecated: Option<Version>,
    /// The minor version that does not serve it any more.
    pub(crate) removed: Option<Version>,
    /// What to use instead, in the form of a key.
    pub(crate) replacement: Option<String>,
}

/// A part of a schema: of Kubernetes' own kinds, or of a custom resource ("structural schema").
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the fields are those of the format"
)]
pub(crate) struct Schema {
    #[serde(rename = "$ref")]
    pub(crate) reference: Option<String>,
    pub(crate) r#type: Option<Type>,
    pub(crate) format: Option<String>,
    pub(crate) r#enum: Vec<Value>,
    pub(crate) required: Vec<String>,
    pub(crate) properties: BTreeMap<String, Schema>,
    pub(crate) items: Option<Box<Schema>>,
    pub(crate) additional_properties: Option<Values>,
    pub(crate) all_of: Vec<Schema>,
    pub(crate) any_of: Vec<Schema>,
    pub(crate) one_of: Vec<Schema>,
    pub(crate) not: Option<Box<Schema>>,
    pub(crate) nullable: bool,
    pub(crate) pattern: Option<String>,
    pub(crate) min_length: Option<usize>,
    pub(crate) max_length: Option<usize>,
    pub(crate) min_items: Option<usize>,
    pub(crate) max_items: Option<usize>,
    pub(crate) min_properties: Option<usize>,
    pub(crate) max_properties: Option<usize>,
    pub(crate) minimum: Option<f64>,
    pub(crate) maximum: Option<f64>,
    pub(crate) exclusive_minimum: bool,
    pub(crate) exclusive_maximum: bool,
    #[serde(rename = "x-kubernetes-list-map-keys")]
    pub(crate) list_map_keys: Vec<String>,
    #[serde(rename = "x-kubernetes-preserve-unknown-fields")]
    pub(crate) preserve_unknown_fields: bool,
    #[serde(rename = "x-kubernetes-int-or-string")]
    pub(crate) int_or_string: bool,
    #[serde(rename = "x-kubernetes-embedded-resource")]
    pub(crate) embedded_resource: bool,
}

/// The type of a JSON value.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Type {
    Array,
    Boolean,
    Integer,
    Number,
    Object,
    String,
}

/// What fields of other names may be: anything, nothing, or as a schema says.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Values {
    Any(bool),
    Of(Box<Schema>),
}

/// A minor version of Kubernetes.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(try_from = "String")]
pub(crate) struct Version(u32, u32);

impl TryFrom<String> for Version {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parts = text.split_once('.');
        let numbers = parts.map(|(major, minor)| (major.parse(), minor.parse()));
        match numbers {
            Some((Ok(major), Ok(minor))) => Ok(Self(major, minor)),
            _ => Err(format!("got `{text}`, want a version such as 1.36")),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl Schemas {
    /// Parses what `generate` wrote.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The minor version: `1.36`.
    pub fn kubernetes(&self) -> String {
        self.kubernetes.to_string()
    }

    /// Adds a kind that a custom resource definition brings.
    pub fn define(&mut self, definition: Definition) {
        let kind = Kind {
            schema: definition.schema,
            deprecated: definition.is_deprecated.then_some(self.kubernetes),
            ..Kind::default()
        };
        self.kinds.insert(definition.kind, kind);
    }

    /// What a `$ref` leads to; the schema itself where it has none.
    pub(crate) fn follow<'a>(&'a self, schema: &'a Schema) -> &'a Schema {
        let name = schema.reference.as_deref().and_then(|reference| {
            let (_, name) = reference.rsplit_once('/')?;
            self.definitions.get(name)
        });
        name.unwrap_or(schema)
    }
}
