//! The request: what a `tour` says, in the file beside its launcher.

use std::path::Path;

use serde::Deserialize;

use crate::error::Error;

/// The version of the schema that this tool reads.
const VERSION: u32 = 1;

/// A tour.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The schema's version, [`VERSION`].
    #[expect(dead_code, reason = "it is read before all others")]
    version: u32,
    /// The target: `//:tour`.
    pub label: String,
    /// Which `k8s_object`s are compared: target patterns.
    pub targets: Vec<String>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// What to say in the end.
    pub next: Vec<String>,
}

/// One step.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What is shown, in a sentence.
    pub title: String,
    /// The edits.
    pub edits: Vec<Edit>,
    /// Arguments of a `bazel build` that must fail; empty where manifests are compared.
    pub refused: Vec<String>,
}

/// One edit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The file, from the root of the checkout.
    pub file: String,
    /// A text in it.
    pub old: String,
    /// What is put in its place.
    pub new: String,
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
