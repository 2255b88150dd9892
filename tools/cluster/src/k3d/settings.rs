//! What a cluster of k3d is made with: it cannot be changed afterwards.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::request::{Network, Place, Request};
use crate::settings::{API_PORT, HostPorts, Published, published};

/// Who wrote the file, for whom finds it.
const WRITTEN: &str = "\
# Tells the nodes of k3s where to pull images from: made of REGISTRY in cluster_constants.bzl.
# `bazel run //:update` writes it anew.
";

/// What `k3d.json` in the cluster's folder says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The kubeconfig context, and k3d's name of the cluster.
    pub context: String,
    /// `host:port` that images are named by.
    pub registry: String,
    /// The ports on 127.0.0.1.
    pub published: Vec<Published>,
    /// Where the node pulls from what that names, by plain http; none where it is somewhere else
    /// and is asked by its own name.
    pub endpoint: Option<String>,
    /// The network of a node with an address of its own; none where k3d makes one.
    pub network: Option<Network>,
    /// Name of an image built here -> the reference it gets. Only those that the cluster's own
    /// registry is to have: others can be pulled.
    pub images: BTreeMap<String, String>,
}

/// The file of registries, as k3s reads it
/// (<https://docs.k3s.io/installation/private-registry>).
#[derive(Serialize)]
struct Registries {
    mirrors: BTreeMap<String, Mirror>,
}

#[derive(Serialize)]
struct Mirror {
    endpoint: Vec<String>,
}

impl Settings {
    /// What the request asks for.
    pub fn new(request: &Request, host: HostPorts) -> Self {
        let port = request.registry_port().unwrap_or_default();
        let (endpoint, network) = match request.place() {
            // Its own node port.
            Place::Loopback => (Some(format!("http://127.0.0.1:{port}")), None),
            Place::Node => {
                let endpoint = format!("http://{}", request.registry);
                (Some(endpoint), Some(request.network.clone()))
            }
            Place::Elsewhere => (None, None),
        };
        let mut published = published(request, host);
        if network.is_some() {
            // All but the API server is reached at the node's own address.
            published.retain(|port| port.node == API_PORT);
        }
        let mut images = request.third_party.clone();
        let own = format!("{}/", request.registry);
        images.retain(|_, reference| reference.starts_with(&own));
        Self {
            context: request.context.clone(),
            registry: request.registry.clone(),
            published,
            endpoint,
            network,
            images,
        }
    }

    /// The API server's port on 127.0.0.1.
    pub fn api_port(&self) -> u16 {
        let found = self.published.iter().find(|port| port.node == API_PORT);
        found.map_or(API_PORT, |port| port.host)
    }

    /// `registries.yaml` of the node.
    pub fn registries(&self) -> Result<String, serde_yaml_ng::Error> {
        let mirror = |endpoint: &String| {
            let endpoint = vec![endpoint.clone()];
            (self.registry.clone(), Mirror { endpoint })
        };
        let text = serde_yaml_ng::to_string(&Registries {
            mirrors: self.endpoint.iter().map(mirror).collect(),
        })?;
        Ok(format!("{WRITTEN}{text}"))
    }

    /// What differs in settings that a cluster was made with, one a line.
    pub fn differences(&self, made: &Self) -> Vec<String> {
        let fields = |settings| match serde_json::to_value(settings) {
            Ok(serde_json::Value::Object(fields)) => fields,
            _ => serde_json::Map::new(),
        };
        let made = fields(made);
        let differ = fields(self)
            .into_iter()
            .filter(|(name, now)| made.get(name) != Some(now));
        differ
            .map(|(name, now)| format!("{name}: made with {}, now {now}", made[&name]))
            .collect()
    }
}
