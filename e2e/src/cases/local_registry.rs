//! The registry of the cluster: what is in its volume, and what goes from there.

use super::registry::pull;
use crate::registry::{blobs, entries, get};
use crate::{Harness, audit};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// What nodes and this machine know it by.
const NAME: &str = "localhost:31000";
const CLIENT: &str = "//services/client:myns-shallow.apply";

/// The digest of an image that a Deployment runs: of `localhost:31000/demo/client@sha256:...`.
#[track_caller]
pub(super) fn digest(h: &Harness, ns: &str, name: &str) -> String {
    let deployment = h.get(&["deployment", name, "-n", ns]);
    let image = &deployment["spec"]["template"]["spec"]["containers"][0]["image"];
    let image = image.as_str().expect("an image");
    let digest = image.strip_prefix(&format!("{NAME}/demo/{name}@"));
    digest.expect("an image of ours, by digest").to_owned()
}

/// All blobs in its volume, with their sizes.
#[track_caller]
pub(super) fn volume(h: &Harness) -> BTreeMap<String, u64> {
    let all = entries(&h.state.join("var/lib/local-path"));
    let mut own = all
        .iter()
        .filter(|folder| folder.join("docker/registry").exists());
    blobs(own.next().expect("the volume of the registry"))
}

/// What an edit of the client adds: its manifest, its config and its uppermost layer.
#[track_caller]
pub(super) fn edit(h: &Harness, digest: &str) -> BTreeMap<String, u64> {
    let (status, manifest) = get(address(), &path("client", digest));
    assert_eq!(status, 200);
    let layer = manifest["layers"]
        .as_array()
        .and_then(|layers| layers.last());
    let parts = [layer.expect("a layer"), &manifest["config"]];
    let mut edit = BTreeMap::from([(digest.to_owned(), volume(h)[digest])]);
    for part in parts {
        let digest = part["digest"].as_str().expect("a digest").to_owned();
        edit.insert(digest, part["size"].as_u64().expect("a size"));
    }
    edit
}

/// The client of `ns` is edited now, and ran the image `first` before. What a namespace has left goes
/// when the registry starts; what somebody else means to keep stays.
pub(super) fn collected(h: &Harness, ns: &str, first: &str) {
    let (edited, server) = (digest(h, ns, "client"), digest(h, ns, "server"));
    let gone = edit(h, &edited);
    // The first image, for good.
    h.run("//e2e/alice:myns-deep.push", &[]).succeeded();
    restart(h);
    let there = [first, edited.as_str()].map(|digest| status("client", digest));
    assert_eq!(there, [200, 200], "one is kept, the other one runs");
    pull(&tagged(ns), &h.state.join("edited"));

    h.run(CLIENT, &[]).succeeded();
    assert_eq!(digest(h, ns, "client"), first);
    restart(h);
    let there = [first, edited.as_str()].map(|digest| status("client", digest));
    assert_eq!(there, [200, 404], "nobody has the edited one any more");
    assert_eq!(status("server", &server), 200);
    let left = volume(h);
    let left: Vec<&String> = gone
        .keys()
        .filter(|digest| left.contains_key(*digest))
        .collect();
    assert_eq!(left, [""; 0], "nor has the volume anything of it");
    pull(&tagged(ns), &h.state.join("first"));
    let uploads = audit::uploads(h).len();
    h.run(CLIENT, &[]).succeeded().says("nothing changed");
    assert_eq!(audit::uploads(h)[uploads..], [""; 0]);
}

/// The client by the only tag that its group in a namespace has.
#[track_caller]
fn tagged(ns: &str) -> String {
    let (status, list) = get(address(), "/v2/demo/client/tags/list");
    assert_eq!(status, 200);
    let tags = list["tags"].as_array().into_iter().flatten();
    let tags = tags.filter_map(Value::as_str);
    let own: Vec<_> = tags
        .filter(|tag| tag.starts_with(&format!("{ns}.client.")))
        .collect();
    let [tag] = own[..] else {
        panic!("one tag: {list}");
    };
    format!("{NAME}/demo/client:{tag}")
}

fn address() -> SocketAddr {
    let port = NAME.rsplit(':').next().and_then(|port| port.parse().ok());
    SocketAddr::from(([127, 0, 0, 1], port.expect("a port")))
}

fn path(name: &str, digest: &str) -> String {
    format!("/v2/demo/{name}/manifests/{digest}")
}

fn status(name: &str, digest: &str) -> u16 {
    get(address(), &path(name, digest)).0
}

/// Another pod, on the same volume, after the first one has ended.
fn restart(h: &Harness) {
    let rollout = |words: &[&str]| {
        let registry = ["-n", "windlass-system", "deploy/registry"];
        let words = [&["rollout"], words, &registry[..]].concat();
        h.kubectl(&words).succeeded();
    };
    rollout(&["restart"]);
    rollout(&["status", "--timeout=90s"]);
    h.until("the registry answers", 30, || {
        let (status, answer) = get(address(), "/v2/");
        (status != 200).then(|| answer.to_string())
    });
}
