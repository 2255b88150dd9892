//! The request: what a target of //cluster says, in the file beside its launcher.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::Error;

/// The version of the request that this program reads.
pub const VERSION: u32 = 1;

/// What `launcher` and `cluster_test` write.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Always [`VERSION`].
    pub version: u32,
    /// The verb to run: `up`, `down`, `status`, `kubectl`, `build`, `reset`, `with`.
    pub verb: String,
    /// The kubeconfig context, and the name of its cluster and its user.
    pub context: String,
    /// `host:port` that images are named by; the port is the registry's node port.
    pub registry: String,
    /// Ports of the node to show on 127.0.0.1: the API server's and node ports.
    pub ports: Vec<u16>,
    /// Name of an image built here -> the reference that manifests have for it.
    pub third_party: BTreeMap<String, String>,
    /// Runfiles path of the folder that builds the programs.
    pub programs: String,
    /// Runfiles path of the folder with the node's scripts and settings.
    pub node: String,
    /// Runfiles path of the program that enters the toolbox.
    pub toolbox: String,
    /// For `with`: runfiles path of the command to run; empty where the command line has it.
    pub command: String,
}

impl Request {
    /// Reads a request.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let fail = |source| Error::Request {
            path: path.to_path_buf(),
            source,
        };
        let text = std::fs::read_to_string(path).map_err(|error| fail(error.into()))?;
        Self::parse(&text).map_err(fail)
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let request: Self = serde_json::from_str(text)?;
        if request.version != VERSION {
            return Err(format!("version: got {}, want {VERSION}", request.version).into());
        }
        if request.registry_port().is_none() {
            return Err(format!("registry: got `{}`, want host:port", request.registry).into());
        }
        Ok(request)
    }

    /// The node port of the registry.
    pub fn registry_port(&self) -> Option<u16> {
        self.registry.rsplit_once(':')?.1.parse().ok()
    }
}

/// The request with the folders of its files.
#[derive(Debug, Clone)]
pub struct Provider {
    /// The request.
    pub request: Request,
    /// What builds the programs.
    pub programs: PathBuf,
    /// The node's scripts and settings.
    pub node: PathBuf,
    /// `toolbox/enter`.
    pub toolbox: PathBuf,
}

impl Provider {
    /// Finds the request's files below the folder of the runfiles.
    pub fn new(request: Request, runfiles: &Path) -> Self {
        let runfiles = std::path::absolute(runfiles).unwrap_or_else(|_| runfiles.to_path_buf());
        Self {
            programs: runfiles.join(&request.programs),
            node: runfiles.join(&request.node),
            toolbox: runfiles.join(&request.toolbox),
            request,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const TEXT: &str = r#"{
        "version": 1, "verb": "up", "context": "windlass", "registry": "localhost:31000",
        "ports": [6443, 31000], "third_party": {"redis": "localhost:31000/third_party/redis:8"},
        "programs": "_main/cluster/kubernetes/programs", "node": "_main/cluster/kubernetes/node",
        "toolbox": "_main/toolbox/enter", "command": ""
    }"#;

    #[test]
    fn reads_what_the_rule_writes() {
        let request = Request::parse(TEXT).expect("parses");
        assert_eq!(request.registry_port(), Some(31000));
        let provider = Provider::new(request, Path::new("/r"));
        assert_eq!(provider.toolbox, PathBuf::from("/r/_main/toolbox/enter"));
    }

    #[test]
    fn refuses_another_version_and_fields_it_does_not_know() {
        let other = TEXT.replace("\"version\": 1", "\"version\": 2");
        let text = Request::parse(&other).expect_err("version 2").to_string();
        assert_eq!(text, "version: got 2, want 1");
        let more = TEXT.replace("\"verb\"", "\"colour\": 1, \"verb\"");
        let text = Request::parse(&more).expect_err("colour").to_string();
        assert!(text.contains("unknown field `colour`"), "{text}");
    }

    #[test]
    fn refuses_a_registry_without_a_port() {
        let text = Request::parse(&TEXT.replace("localhost:31000\",", "localhost\","))
            .expect_err("no port");
        assert_eq!(
            text.to_string(),
            "registry: got `localhost`, want host:port"
        );
    }
}
