//! Where images are brought: to their registries, or straight to the node.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use windlass_containerd::{Client as Node, Settings};
use windlass_oci_registry::{Client as Registry, Push, Pushed, Silent};
use windlass_report::Explain;

use crate::cluster::{Resource, Selector};
use crate::desired::{Desired, DesiredImage};
use crate::error::{Error, Reason};
use crate::plan::Presence;
use crate::request::{DeployRequest, ImageDelivery};
use crate::session::Session;

/// Annotation of a node: where on this machine its containerd listens. The local cluster sets it.
pub const CONTAINERD_ANNOTATION: &str = "windlass.dev/containerd";

/// Why an image did not arrive.
pub type Undelivered = Arc<dyn Explain + Send + Sync>;

/// Where images are brought.
pub enum Store {
    /// Each to the registry that its reference names.
    Registry(Registry),
    /// All to the one node of a cluster on this machine.
    Node(Node),
}

impl Store {
    /// As the constants say. The node is looked for where an image may have to be brought to it.
    pub async fn open(
        session: &Session<'_>,
        desired: &Desired,
        registry: Registry,
    ) -> Result<Self, Error> {
        match session.request.cluster.image_delivery {
            ImageDelivery::Node if !desired.images.is_empty() => {
                let socket = socket(session).await?;
                Ok(Self::Node(Node::new(
                    &socket,
                    registry,
                    Settings::default(),
                )))
            }
            ImageDelivery::Node | ImageDelivery::Registry => Ok(Self::Registry(registry)),
        }
    }

    /// Whether an image is there; the request says what makes a registry.
    pub async fn look(
        &self,
        image: &DesiredImage,
        request: &DeployRequest,
    ) -> Result<Presence, Error> {
        let there = match self {
            Self::Registry(registry) => match registry.is_pushed(&image.tagged()).await {
                Ok(there) => there,
                Err(error) => {
                    // A registry that is not there says so better than one request of it.
                    let reached = registry.ping(&image.push.target).await;
                    let error = reached.err().unwrap_or(error);
                    let command = request.registry_command(image.push.target.repository.registry());
                    return Err(Error::registry(&error, &command));
                }
            },
            Self::Node(node) => {
                let there = node.has(&image.reference, &image.push.image).await;
                there.map_err(|error| Error::containerd(&error))?
            }
        };
        Ok(if there {
            Presence::Present
        } else {
            Presence::Absent
        })
    }

    /// Makes an image be there, and says what that took.
    pub async fn push(&self, image: &DesiredImage) -> Result<Pushed, Undelivered> {
        match self {
            Self::Registry(registry) => {
                let pushed = push(registry, &image.push).await?;
                // One that was there may be one that a tag has left, and is to run before the tag is
                // on it again. A new one has no need: what never had a tag stays.
                if pushed.is_noop() && image.push.tags.is_empty() {
                    push(registry, &image.kept()).await?;
                }
                Ok(pushed)
            }
            Self::Node(node) => {
                let pushed = node.push(&image.push).await;
                pushed.map_err(|error| Arc::new(error) as Undelivered)
            }
        }
    }

    /// Puts its tags on an image that runs now.
    pub async fn tag(&self, image: &DesiredImage) -> Result<(), Undelivered> {
        match self {
            Self::Registry(registry) if !image.tags.is_empty() => {
                push(registry, &image.tagged()).await.map(drop)
            }
            Self::Registry(_) | Self::Node(_) => Ok(()),
        }
    }
}

async fn push(registry: &Registry, push: &Push) -> Result<Pushed, Undelivered> {
    let silent: Arc<dyn windlass_oci_registry::Progress> = Arc::new(Silent);
    let pushed = registry.push(push, &silent).await;
    pushed.map_err(|error| Arc::new(error) as Undelivered)
}

/// Where the containerd of the cluster's node listens.
async fn socket(session: &Session<'_>) -> Result<PathBuf, Error> {
    let nodes = session
        .cluster
        .list(&Resource::nodes(), None, &Selector::default())
        .await;
    let nodes = nodes.map_err(session.unreadable(&"the nodes"))?;
    let nodes = nodes["items"].as_array().map_or(&[][..], Vec::as_slice);
    socket_of(nodes).map_err(|source| Error::Node {
        context: session.place.context.clone(),
        source,
    })
}

fn socket_of(nodes: &[Value]) -> Result<PathBuf, Reason> {
    let [node] = nodes else {
        return Err(Reason(format!("got {} nodes, want one", nodes.len())));
    };
    let metadata = &node["metadata"];
    let said = metadata["annotations"][CONTAINERD_ANNOTATION].as_str();
    let path = said.and_then(|said| said.strip_prefix("unix://"));
    match path.map(Path::new).filter(|path| path.is_absolute()) {
        Some(path) => Ok(path.to_owned()),
        None => Err(Reason(format!(
            "annotation `{CONTAINERD_ANNOTATION}` of node `{}`: got {}, want `unix:///...`",
            metadata["name"].as_str().unwrap_or_default(),
            said.map_or("nothing".to_owned(), |said| format!("`{said}`"))
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_node_says_where_its_containerd_is() {
        let node = |said: Value| {
            json!({"metadata": {"name": "a",
                "annotations": {"windlass.dev/containerd": said}}})
        };
        let said = |nodes: &[Value]| socket_of(nodes).map_err(|reason| reason.0);
        assert_eq!(
            said(&[node(json!("unix:///var/c.sock"))]),
            Ok(PathBuf::from("/var/c.sock"))
        );
        assert_eq!(said(&[]), Err("got 0 nodes, want one".to_owned()));
        let two = [node(json!("unix:///a")), node(json!("unix:///b"))];
        assert_eq!(said(&two), Err("got 2 nodes, want one".to_owned()));
        for (value, got) in [
            (json!(null), "nothing"),
            (json!("tcp://10.0.0.1"), "`tcp://10.0.0.1`"),
            (json!("unix://a.sock"), "`unix://a.sock`"),
        ] {
            let want = format!(
                "annotation `windlass.dev/containerd` of node `a`: got {got}, want `unix:///...`"
            );
            assert_eq!(said(&[node(value)]), Err(want));
        }
    }
}
