//! The request: what a target of //cluster says, in the file beside its launcher.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The version of the request that this program reads.
pub const VERSION: u32 = 1;

/// What `launcher` and `cluster_test` write.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Always [`VERSION`].
    pub version: u32,
    /// The verb to run: `up`, `down`, `status`, `kubectl`, `build`, `reset`, `with`,
    /// `with-api-server`.
    pub verb: String,
    /// The kubeconfig context, and the name of its cluster and its user.
    pub context: String,
    /// `host:port` that images are named by; the port is the registry's node port.
    pub registry: String,
    /// The network of a k3d node that has an address of its own.
    pub network: Network,
    /// Ports of the node to show on 127.0.0.1: the API server's and node ports.
    pub ports: Vec<u16>,
    /// Name of a third party's image -> the reference that manifests have for it.
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

/// A Docker network. Its first address is Docker's own, the second the node's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Its name.
    pub name: String,
    /// Its addresses, as in `172.19.0.0/26`.
    pub subnet: String,
}

impl Network {
    /// The address of the first container in it; none where `subnet` is no subnet of IPv4 addresses.
    pub fn node_address(&self) -> Option<Ipv4Addr> {
        let (first, bits) = self.subnet.split_once('/')?;
        let first = u32::from(first.parse::<Ipv4Addr>().ok()?);
        // At least four addresses: the network's, Docker's, the node's, and the one for all.
        let bits: u32 = bits.parse().ok().filter(|bits| (1..=30).contains(bits))?;
        (first.trailing_zeros() >= 32 - bits).then(|| (first + 2).into())
    }
}

/// Where the registry of a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On this machine's loopback.
    Loopback,
    /// At the address of the k3d node.
    Node,
    /// Somewhere that no cluster of this program has it.
    Elsewhere,
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
        let request: Self = windlass_versioned::parse(text.as_bytes(), VERSION)?;
        if request.registry_port().is_none() {
            return Err(format!("registry: got `{}`, want host:port", request.registry).into());
        }
        if request.network.node_address().is_none() {
            let got = &request.network.subnet;
            return Err(format!("network: got subnet `{got}`, want one as 172.19.0.0/26").into());
        }
        Ok(request)
    }

    /// The node port of the registry.
    pub fn registry_port(&self) -> Option<u16> {
        self.registry.rsplit_once(':')?.1.parse().ok()
    }

    /// Where the registry is, by its name alone: nobody is asked.
    pub fn place(&self) -> Place {
        let host = self.registry.rsplit_once(':').map_or("", |(host, _)| host);
        match host.parse::<IpAddr>() {
            Ok(address) if address.is_loopback() => Place::Loopback,
            Ok(IpAddr::V4(address)) if Some(address) == self.network.node_address() => Place::Node,
            Err(_) if host == "localhost" => Place::Loopback,
            _ => Place::Elsewhere,
        }
    }
}

/// The request with the folders of its files.
#[derive(Debug, Clone)]
pub struct Target {
    /// The request.
    pub request: Request,
    /// The file that it was read from.
    pub file: PathBuf,
    /// The folder of its runfiles.
    pub runfiles: PathBuf,
    /// What builds the programs.
    pub programs: PathBuf,
    /// The node's scripts and settings.
    pub node: PathBuf,
    /// `toolbox/enter`.
    pub toolbox: PathBuf,
}

impl Target {
    /// Reads a request, and finds its files below the folder of the runfiles.
    pub fn read(file: &Path, runfiles: &Path) -> Result<Self, Error> {
        Ok(Self::new(Request::read(file)?, file, runfiles))
    }

    fn new(request: Request, file: &Path, runfiles: &Path) -> Self {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.into());
        let (file, runfiles) = (absolute(file), absolute(runfiles));
        Self {
            programs: runfiles.join(&request.programs),
            node: runfiles.join(&request.node),
            toolbox: runfiles.join(&request.toolbox),
            request,
            file,
            runfiles,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const TEXT: &str = r#"{
        "version": 1, "verb": "up", "context": "windlass", "registry": "localhost:31000",
        "network": {"name": "k3d-network", "subnet": "172.19.0.0/26"},
        "ports": [6443, 31000], "third_party": {"redis": "localhost:31000/third_party/redis:8"},
        "programs": "_main/cluster/kubernetes/programs", "node": "_main/cluster/kubernetes/node",
        "toolbox": "_main/toolbox/enter", "command": ""
    }"#;

    #[test]
    fn reads_what_the_rule_writes() {
        let request = Request::parse(TEXT).expect("parses");
        assert_eq!(request.registry_port(), Some(31000));
        let target = Target::new(request, Path::new("/r.json"), Path::new("/r"));
        assert_eq!(target.toolbox, PathBuf::from("/r/_main/toolbox/enter"));
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

    #[test]
    fn refuses_a_subnet_without_room_for_a_node() {
        for subnet in ["172.19.0.0", "172.19.0.0/31", "172.19.0.4/26", "fd00::/64"] {
            let text = Request::parse(&TEXT.replace("172.19.0.0/26", subnet))
                .expect_err(subnet)
                .to_string();
            let want = format!("network: got subnet `{subnet}`, want one as 172.19.0.0/26");
            assert_eq!(text, want);
        }
    }

    #[test]
    fn a_registry_is_placed_by_its_name() {
        for (registry, place) in [
            ("localhost:31000", Place::Loopback),
            ("127.0.0.1:31000", Place::Loopback),
            ("172.19.0.2:31000", Place::Node),
            ("172.19.0.3:31000", Place::Elsewhere),
            ("registry.example:443", Place::Elsewhere),
        ] {
            let request =
                Request::parse(&TEXT.replace("localhost:31000\",", &format!("{registry}\",")));
            assert_eq!(request.expect("parses").place(), place, "{registry}");
        }
    }
}
