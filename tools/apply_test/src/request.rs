//! The request: what a `k8s_apply_test` says, in the file beside its launcher.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use serde::Deserialize;

use crate::error::Error;

/// The version of the schema that this tool reads.
pub const VERSION: u32 = 1;

/// A test, or the rewriting of its golden.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The schema's version, [`VERSION`].
    pub version: u32,
    /// What to do.
    pub verb: Verb,
    /// The test: `//services/client:apply_test`.
    pub label: String,
    /// Runfiles path of the launcher that runs a command beside an API server.
    pub api_server: String,
    /// The kubeconfig context of the environment.
    pub context: String,
    /// The namespace of the environment; empty for setup.
    pub namespace: String,
    /// `host:port` that the environment's images are named by; `null` where none is pushed.
    pub registry: Option<String>,
    /// What is applied first, in order.
    pub setup: Vec<Step>,
    /// What is tested.
    pub target: Step,
    /// What the first run is expected to do.
    pub expected: Expected,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Compare.
    Test,
    /// Write what the first run did into the golden.
    Update,
}

/// A run target.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// As users type it: `//prod:setup.apply`.
    pub label: String,
    /// Its launcher, a path in the runfiles.
    pub launcher: String,
}

/// What a run is expected to do. One of `steps` and `golden` is there, the other is `null`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Its steps.
    pub steps: Option<Vec<String>>,
    /// The file that has its steps.
    pub golden: Option<Golden>,
    /// Object -> objects that are written after its own write was answered.
    pub before: BTreeMap<String, Vec<String>>,
}

/// A file of steps, one a line.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// Its path in the runfiles.
    pub runfile: String,
    /// Its path from the checkout's root.
    pub path: String,
}

impl Request {
    /// Reads a request.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::checked(path).map_err(|source| Error::Request {
            path: path.to_owned(),
            source,
        })
    }

    fn checked(path: &Path) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let request: Self = windlass_versioned::read(path, VERSION)?;
        if let Some(registry) = &request.registry
            && address(registry).is_none()
        {
            let want = "localhost or an IPv4 address, and a port";
            return Err(format!("registry: got `{registry}`, want {want}").into());
        }
        Ok(request)
    }

    /// Where the registry has to listen; none where no image is pushed.
    pub fn registry(&self) -> Option<SocketAddr> {
        address(self.registry.as_deref()?)
    }
}

/// The address of `host:port`. Names other than `localhost` are nobody's here: nothing is asked.
fn address(registry: &str) -> Option<SocketAddr> {
    let (host, port) = registry.rsplit_once(':')?;
    let host = match host {
        "localhost" => Ipv4Addr::LOCALHOST,
        host => host.parse().ok()?,
    };
    Some(SocketAddr::new(IpAddr::V4(host), port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn registries_that_can_be_served_here() {
        let shown = |registry| address(registry).map(|address| address.to_string());
        assert_eq!(shown("localhost:31000").as_deref(), Some("127.0.0.1:31000"));
        assert_eq!(
            shown("172.19.0.2:31000").as_deref(),
            Some("172.19.0.2:31000")
        );
        for registry in ["registry.example:443", "localhost", "localhost:x"] {
            assert_eq!(shown(registry), None, "{registry}");
        }
    }
}
