//! The constants of the repository that an agent works for: the JSON file beside the program, written
//! by the build.

use std::path::Path;

use serde::Deserialize;
use windlass_oci_reference::Registry;

use crate::Error;

/// The version of the schema that this tool reads.
pub const VERSION: u32 = 1;

/// What the constants say.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentRequest {
    /// The schema's version, [`VERSION`].
    pub version: u32,
    /// The first part of every repository.
    pub project: String,
    /// Whether registries are spoken to by plain http though they are not this machine.
    pub insecure: bool,
    /// The branch that says what runs.
    pub main_branch: String,
    /// The file of the repository that says what is not to be applied: `prod/paused.json`.
    pub pause_file: String,
    /// The environments whose images are pinned.
    pub environments: Vec<EnvironmentRequest>,
}

/// One environment whose images are pinned.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentRequest {
    /// Its name: `prod`.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Where its images and its releases are.
    pub registry: Registry,
    /// Whether it is protected.
    pub protected: bool,
    /// Whether its images must be proven.
    pub proof: Proof,
    /// The kubeconfig context of its cluster.
    pub cluster: String,
    /// The uid of that cluster's namespace `kube-system`, where it is declared.
    pub cluster_id: Option<String>,
    /// The targets that it runs, whose bundles are its releases: `//services/client:prod-deep`.
    pub targets: Vec<String>,
}

/// Whether images must be proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// No.
    None,
    /// By somebody whom the cluster trusts.
    Required,
}

impl AgentRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// The file is not there, or holds no request of this version.
    pub fn read(path: &Path) -> Result<Self, Error> {
        windlass_versioned::read(path, VERSION).map_err(|source| Error::Request {
            path: path.to_owned(),
            source,
        })
    }

    /// The environment of a name.
    pub fn environment(&self, name: &str) -> Option<&EnvironmentRequest> {
        self.environments.iter().find(|env| env.name == name)
    }

    /// The names of all environments, for messages.
    pub fn names(&self) -> String {
        let names = self.environments.iter();
        let names: Vec<_> = names.map(|env| format!("`{}`", env.name)).collect();
        names.join(" or ")
    }
}
