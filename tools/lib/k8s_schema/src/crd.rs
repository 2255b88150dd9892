//! Custom resources: the kinds that a `CustomResourceDefinition` brings.

use serde::Deserialize;
use serde_json::Value;

use crate::schema::{Schema, Type};

/// Why a document defines no custom resource.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum CrdError {
    /// It is an object of another kind.
    #[error("got {got}, want a CustomResourceDefinition of apiextensions.k8s.io/v1")]
    Kind {
        /// Its kind.
        got: String,
    },
    /// It has not the fields of a definition.
    #[error("it is no CustomResourceDefinition")]
    Json(#[source] serde_json::Error),
}

/// A kind of an API version that a definition brings.
#[derive(Clone, Debug)]
pub struct Definition {
    /// `<apiVersion> <kind>`.
    pub kind: String,
    pub(crate) schema: Schema,
    pub(crate) is_deprecated: bool,
}

#[derive(Deserialize)]
struct Document {
    spec: Spec,
}

#[derive(Deserialize)]
struct Spec {
    group: String,
    names: Names,
    versions: Vec<Version>,
}

#[derive(Deserialize)]
struct Names {
    kind: String,
}

#[derive(Deserialize)]
struct Version {
    name: String,
    #[serde(default)]
    served: bool,
    #[serde(default)]
    deprecated: bool,
    #[serde(default)]
    schema: VersionSchema,
}

#[derive(Default, Deserialize)]
struct VersionSchema {
    #[serde(default, rename = "openAPIV3Schema")]
    open_api: Schema,
}

/// The kinds that a document defines: one for each version that is served.
pub fn definitions(document: &Value) -> Result<Vec<Definition>, CrdError> {
    let text = |field| document.get(field).and_then(Value::as_str).unwrap_or("");
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    if (api_version, kind) != ("apiextensions.k8s.io/v1", "CustomResourceDefinition") {
        return Err(CrdError::Kind {
            got: format!("`{api_version} {kind}`"),
        });
    }
    let Document { spec } = Document::deserialize(document).map_err(CrdError::Json)?;
    let served = spec.versions.into_iter().filter(|version| version.served);
    let definition = |version: Version| Definition {
        kind: format!("{}/{} {}", spec.group, version.name, spec.names.kind),
        schema: with_metadata(version.schema.open_api),
        is_deprecated: version.deprecated,
    };
    Ok(served.map(definition).collect())
}

/// The fields that every object has: a definition need not say them.
fn with_metadata(mut schema: Schema) -> Schema {
    let string = Schema {
        r#type: Some(Type::String),
        ..Schema::default()
    };
    let metadata = Schema {
        reference: Some(format!("#/definitions/{OBJECT_META}")),
        ..Schema::default()
    };
    let own = [
        ("apiVersion", string.clone()),
        ("kind", string),
        ("metadata", metadata),
    ];
    let own = own.map(|(name, schema)| (name.to_owned(), schema));
    schema.properties.extend(own);
    schema
}

/// The definition of every object's `metadata`.
const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
