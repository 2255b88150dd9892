//! The request: what a `deployments_page` says, in the file beside its launcher.

use std::path::Path;

use serde::Deserialize;

use crate::error::Error;

/// The version of the schema that this tool reads.
const VERSION: u32 = 1;

/// What a page is made of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The schema's version.
    pub version: u32,
    /// The target: `//prod:page`.
    pub label: String,
    /// Which `k8s_object`s: target patterns, such as `//services/...`.
    pub targets: Vec<String>,
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
