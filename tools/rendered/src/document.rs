//! The answer for programs: `--output=json`. Stable: fields are added, never renamed or removed
//! without a new `version`. `docs/schemas/rendered-diff.v1.json` is made from these types.

use std::collections::BTreeSet;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::Value;
use windlass_k8s_object::{Key, Namespace};

use crate::compare::{Change, ObjectChange};
use crate::summary::reach;
use crate::{Compared, Side};

/// The version of the document.
pub const VERSION: u32 = 1;

/// What a change does to the manifests of each environment.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "rendered-diff.v1")]
pub struct Document {
    /// The version of the document.
    #[schemars(extend("const" = VERSION))]
    pub version: u32,
    /// What is compared with.
    pub before: SideDocument,
    /// What is looked at.
    pub after: SideDocument,
    /// The environments in which something differs, sorted; `setup` is what prepares a cluster.
    pub environments: Vec<String>,
    /// The services of which something differs, sorted.
    pub services: Vec<ServiceDocument>,
    /// How many objects do not differ.
    pub same: usize,
    /// The objects that differ, by service, kind, name and environment.
    pub objects: Vec<ObjectDocument>,
}

/// One side of the comparison.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SideDocument {
    /// The revision, as it was asked for; `null` for the checkout as it is.
    pub revision: Option<String>,
    /// The commit that it was; `null` for the checkout as it is.
    pub commit: Option<String>,
}

/// A service of which something differs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceDocument {
    /// Its package: `//services/client`.
    pub service: String,
    /// The environments in which something of it differs, sorted.
    pub environments: Vec<String>,
}

/// An object that differs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectDocument {
    /// Its target, after the change if it is there then.
    pub label: String,
    /// The package of its target.
    pub service: String,
    /// Its environment.
    pub environment: String,
    /// `added`, `removed`, `changed` or `renamed` (on a cluster, one goes and one comes).
    pub change: &'static str,
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// Its namespace; `null` for kinds that are in none.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// What it was called if it is renamed, else `null`.
    pub was: Option<NameDocument>,
    /// The fields that differ. Those of an object that is added are its top-level ones; none of one
    /// that is removed. Values of Secrets are masked.
    pub fields: Vec<FieldDocument>,
}

/// What an object is called in an environment.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NameDocument {
    /// Its namespace; `null` for kinds that are in none.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// A field that differs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldDocument {
    /// The field: `spec.template.spec.containers[0].args[1]`.
    pub path: String,
    /// What it held; `null` where it was not there.
    pub old: Value,
    /// What it holds; `null` where it is not there.
    pub new: Value,
}

/// The schema of the document.
pub fn schema() -> Schema {
    // As it is written, not as it would be read: what is always there is required.
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Document>()
}

/// The text of the document.
pub fn json(compared: &Compared) -> String {
    let document = Document::new(compared);
    serde_json::to_string_pretty(&document).expect("plain data is JSON") + "\n"
}

impl Document {
    /// Makes the document of an answer.
    pub fn new(compared: &Compared) -> Self {
        let Compared {
            before,
            after,
            same,
            changes,
        } = compared;
        let environments: BTreeSet<&str> = changes.iter().map(|one| &*one.environment).collect();
        let owned = |names: BTreeSet<&str>| names.into_iter().map(str::to_owned).collect();
        let services = reach(changes).into_iter();
        let services = services.map(|(service, reach)| ServiceDocument {
            service: service.to_owned(),
            environments: owned(reach.environments),
        });
        Self {
            version: VERSION,
            before: side(before),
            after: side(after),
            environments: owned(environments),
            services: services.collect(),
            same: *same,
            objects: changes.iter().map(object).collect(),
        }
    }
}

fn side(side: &Side) -> SideDocument {
    let (revision, commit) = match side {
        Side::Checkout | Side::Copy => (None, None),
        Side::Revision { name, commit } => (Some(name.clone()), Some(commit.clone())),
    };
    SideDocument { revision, commit }
}

fn object(change: &ObjectChange) -> ObjectDocument {
    let NameDocument { namespace, name } = called(&change.key);
    ObjectDocument {
        label: change.label.clone(),
        service: change.service.clone(),
        environment: change.environment.clone(),
        change: change.change.word(),
        api_version: change.api_version.clone(),
        kind: change.key.kind.as_str().to_owned(),
        namespace,
        name,
        was: match &change.change {
            Change::Renamed { was, .. } => Some(called(was)),
            _ => None,
        },
        fields: fields(&change.change),
    }
}

fn called(key: &Key) -> NameDocument {
    let namespace = key.namespace.as_ref().map(Namespace::as_str);
    NameDocument {
        namespace: namespace.map(str::to_owned),
        name: key.name.as_str().to_owned(),
    }
}

fn fields(change: &Change) -> Vec<FieldDocument> {
    if let Change::Added { object } = change {
        let fields = object.as_object().into_iter().flatten();
        let field = |(path, new): (&String, &Value)| FieldDocument {
            path: path.clone(),
            old: Value::Null,
            new: new.clone(),
        };
        return fields.map(field).collect();
    }
    let fields = change.fields().iter().map(|field| FieldDocument {
        path: field.path.clone(),
        old: field.before.clone(),
        new: field.after.clone(),
    });
    fields.collect()
}
