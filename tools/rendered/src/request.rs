//! The request: what a target says, in the file beside its launcher.

use std::path::Path;

use serde::Deserialize;

use crate::error::Error;

/// The version of the schema that this tool reads.
pub const VERSION: u32 = 1;

/// What a target is to do.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The schema's version, [`VERSION`].
    pub version: u32,
    /// The target: `//services/client:manifests_test`.
    pub label: String,
    /// What to do.
    pub task: Task,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub enum Task {
    /// Show what a change does.
    Against {
        /// Which `k8s_object`s: target patterns, such as `//services/...`.
        targets: Vec<String>,
    },
    /// Compare manifests with goldens.
    Test {
        /// The goldens.
        goldens: Vec<Golden>,
    },
    /// Write goldens.
    Update {
        /// The goldens.
        goldens: Vec<Golden>,
    },
    /// Compare the environments of one service.
    Environments {
        /// The service in each of them.
        targets: Vec<Rendered>,
        /// Where they may differ: `StatefulSet redis: spec.replicas`.
        mapped: Vec<String>,
    },
}

/// What a target is rendered to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rendered {
    /// The target: `//services/redis:prod-shallow`.
    pub target: String,
    /// The environment's name.
    pub environment: String,
    /// The environment's namespace.
    pub namespace: String,
    /// The rendered manifests, as paths in the runfiles.
    pub manifests: Vec<String>,
}

/// A file in the sources, and the manifests that it has.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// Its path from the checkout's root: `services/client/golden/prod.json`.
    pub path: String,
    /// Its path in the runfiles; `null` where it is to be written.
    pub runfile: Option<String>,
    /// The target whose manifests it has.
    pub target: String,
    /// The namespace of `$USER`, if the environment is a personal one: goldens call it `$USER`.
    pub personal: Option<String>,
    /// The rendered manifests, as paths in the runfiles.
    pub manifests: Vec<String>,
}

impl Request {
    /// Reads a request.
    pub fn read(path: &Path) -> Result<Self, Error> {
        windlass_versioned::read(path, VERSION).map_err(|source| Error::Request {
            path: path.to_owned(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rules_write() {
        let text = r#"{"version": 1, "label": "//:rendered", "task":
            {"against": {"targets": ["//services/..."]}}}"#;
        let task = Task::Against {
            targets: vec!["//services/...".to_owned()],
        };
        let request: Request =
            windlass_versioned::parse(text.as_bytes(), VERSION).expect("a request");
        assert_eq!(request.task, task);
    }
}
