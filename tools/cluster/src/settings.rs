//! What a running cluster was started with: a change means that it has to start again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::request::Request;

/// The API server's port inside the node.
pub const API_PORT: u16 = 6443;

/// The node's address, in its own network namespace only.
pub const NODE_ADDRESS: &str = "10.88.0.2";

/// Images that the node itself needs, by names that nothing else uses.
const OWN_IMAGES: [(&str, &str); 2] = [
    ("coredns", "windlass.local/coredns:1"),
    ("pause", "windlass.local/pause:1"),
];

/// A port of this machine's 127.0.0.1 and the port of the node that it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The port on 127.0.0.1.
    pub host: u16,
    /// The port of the node.
    pub node: u16,
}

/// Everything that the supervisor and the node are started with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The kubeconfig context.
    pub context: String,
    /// `host:port` that images are named by.
    pub registry: String,
    /// The ports on 127.0.0.1.
    pub published: Vec<Published>,
    /// Name of an image built here -> the reference it gets.
    pub images: BTreeMap<String, String>,
    /// The folder of the built programs.
    pub programs: PathBuf,
}

/// Ports of this machine that are not those of the node.
#[derive(Debug, Clone, Copy, Default)]
pub struct HostPorts {
    /// For the API server.
    pub api: Option<u16>,
    /// For the registry.
    pub registry: Option<u16>,
}

impl Settings {
    /// What the request asks for, with the programs in `programs`.
    pub fn new(request: &Request, programs: PathBuf, host: HostPorts) -> Self {
        let own = OWN_IMAGES
            .iter()
            .map(|(key, name)| ((*key).to_owned(), (*name).to_owned()));
        Self {
            context: request.context.clone(),
            registry: request.registry.clone(),
            published: published(request, host),
            images: own.chain(request.third_party.clone()).collect(),
            programs,
        }
    }

    /// The API server's port on 127.0.0.1.
    pub fn api_port(&self) -> u16 {
        self.host_port(API_PORT)
    }

    /// The registry's port on 127.0.0.1.
    pub fn registry_port(&self) -> u16 {
        self.registry_node_port()
            .map_or(0, |port| self.host_port(port))
    }

    fn registry_node_port(&self) -> Option<u16> {
        self.registry.rsplit_once(':')?.1.parse().ok()
    }

    fn host_port(&self, node: u16) -> u16 {
        self.published
            .iter()
            .find(|port| port.node == node)
            .map_or(node, |port| port.host)
    }

    /// containerd's `hosts.toml` for the registry. kube-proxy in nftables mode serves no node port
    /// on the node's own loopback, so the node asks for its images at its own address.
    pub fn registry_hosts(&self) -> String {
        let port = self.registry_node_port().unwrap_or_default();
        let server = format!("http://{NODE_ADDRESS}:{port}");
        format!(
            "server = \"{server}\"\n[host.\"{server}\"]\n  capabilities = [\"pull\", \"resolve\"]\n"
        )
    }
}

/// The ports to show on 127.0.0.1: those of the request, the API server's and the registry's.
pub fn published(request: &Request, host: HostPorts) -> Vec<Published> {
    let registry = request.registry_port();
    let mut ports = request.ports.clone();
    for needed in [Some(API_PORT), registry].into_iter().flatten() {
        if !ports.contains(&needed) {
            ports.push(needed);
        }
    }
    let published = ports.into_iter().map(|node| {
        let own = match node {
            API_PORT => host.api,
            port if Some(port) == registry => host.registry,
            _ => None,
        };
        Published {
            host: own.unwrap_or(node),
            node,
        }
    });
    published.collect()
}

/// The flag that moves a port of this machine. `registry` is `host:port`.
pub fn flag(port: Published, registry: &str) -> Option<&'static str> {
    let registry = registry.rsplit_once(':').map_or("", |(_, port)| port);
    match port.node {
        API_PORT => Some("--api-port"),
        node if node.to_string() == registry => Some("--registry-port"),
        _ => None,
    }
}

/// The `images.json` of built programs: name of an image -> descriptor.
pub type Built = serde_json::Map<String, serde_json::Value>;

/// Reads which images are built.
pub fn built(programs: &Path) -> Result<Built, Error> {
    let path = programs.join("images/images.json");
    let text = std::fs::read(&path).map_err(Error::io("read", &path))?;
    serde_json::from_slice(&text).map_err(|error| Error::io("read", &path)(error.into()))
}

/// The OCI index of images to import (name of an image built here -> the reference that manifests
/// have for it): every image under its reference.
pub fn image_index(
    images: &BTreeMap<String, String>,
    built: &Built,
) -> Result<serde_json::Value, Error> {
    let mut manifests = Vec::new();
    for (key, name) in images {
        let mut descriptor = built.get(key).cloned().ok_or_else(|| Error::UnknownImage {
            key: key.clone(),
            known: built.keys().cloned().collect::<Vec<_>>().join(", "),
        })?;
        // The annotation by which containerd names an image that it imports.
        descriptor["annotations"] = serde_json::json!({ "io.containerd.image.name": name });
        manifests.push(descriptor);
    }
    Ok(serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": manifests,
    }))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::request::tests::TEXT;

    pub(crate) fn settings(host: HostPorts) -> Settings {
        let request: Request = serde_json::from_str(TEXT).expect("a request");
        Settings::new(&request, "/programs".into(), host)
    }

    #[test]
    fn host_ports_are_the_nodes_unless_told() {
        let plain = settings(HostPorts::default());
        assert_eq!((plain.api_port(), plain.registry_port()), (6443, 31000));
        let moved = settings(HostPorts {
            api: Some(7443),
            registry: None,
        });
        assert_eq!((moved.api_port(), moved.registry_port()), (7443, 31000));
        assert_eq!(
            moved.published[0],
            Published {
                host: 7443,
                node: 6443
            }
        );
    }

    #[test]
    fn the_node_asks_its_own_address_for_images() {
        assert_eq!(
            settings(HostPorts::default()).registry_hosts(),
            "server = \"http://10.88.0.2:31000\"\n[host.\"http://10.88.0.2:31000\"]\n  capabilities = [\"pull\", \"resolve\"]\n"
        );
    }

    #[test]
    fn images_get_the_names_of_the_constants() {
        let built = serde_json::json!({
            "redis": {"digest": "sha256:1"}, "coredns": {"digest": "sha256:2"}, "pause": {"digest": "sha256:3"},
        });
        let images = settings(HostPorts::default()).images;
        let index = image_index(&images, built.as_object().expect("an object"));
        let index = index.expect("all are built");
        assert_eq!(
            index["manifests"][2],
            serde_json::json!({
                "digest": "sha256:1",
                "annotations": {"io.containerd.image.name": "localhost:31000/third_party/redis:8"},
            })
        );
    }

    #[test]
    fn ports_that_a_flag_moves() {
        let flag = |node| super::flag(Published { host: 1, node }, "localhost:31000");
        assert_eq!(flag(6443), Some("--api-port"));
        assert_eq!(flag(31000), Some("--registry-port"));
        assert_eq!(flag(30080), None);
    }
}
