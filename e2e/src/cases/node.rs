//! Images straight into the node: there is no registry.

use crate::{Harness, audit};
use serde_json::Value;
use std::collections::BTreeSet;

const FIRST: &str = "//e2e/node:first.apply";

pub(super) fn run(h: &Harness) {
    h.run("//e2e/alice:namespace.apply", &[]).succeeded();
    let empty = content(h);
    h.run(FIRST, &["--timeout=1m"])
        .succeeded()
        .says("1 image to push");
    assert_eq!(h.not_ready("alice", 1), None);
    assert!(content(h).len() > empty.len(), "the image is in containerd");
    again(h);
    edited(h);
    never_pulled(h);
}

/// The digests of all that containerd has.
#[track_caller]
fn content(h: &Harness) -> BTreeSet<String> {
    let store = "var/lib/containerd/io.containerd.content.v1.content/blobs/sha256";
    let blobs = std::fs::read_dir(h.state.join(store)).expect("the content store");
    let names = blobs.map(|blob| blob.expect("a blob").file_name());
    names
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

/// The same image and the same object: nothing is sent.
fn again(h: &Harness) {
    let (writes, there) = (audit::writes(h).len(), content(h));
    h.run(FIRST, &[]).succeeded().says("nothing changed");
    assert_eq!(audit::writes(h)[writes..], [""; 0]);
    assert_eq!(content(h), there);
}

/// After an edit, a layer, the config and the manifest are all that is new.
fn edited(h: &Harness) {
    let there = content(h);
    h.run("//e2e/node:edited.apply", &["--timeout=1m"])
        .succeeded()
        .says("2 of ");
    let new: Vec<String> = content(h).difference(&there).cloned().collect();
    assert_eq!(new.len(), 3, "{new:?}");
    h.until("the pod from before is gone", 60, || {
        h.not_ready("alice", 1)
    });
}

/// The kubelet has found each image, and asked for none.
fn never_pulled(h: &Harness) {
    let events = h.list(&["events", "-n", "alice"]);
    let of = |reason: &str| -> Vec<&Value> {
        let own = |event: &&Value| event["reason"] == reason;
        events.iter().filter(own).collect()
    };
    assert_eq!(of("Pulling").len(), 0, "{events:?}");
    assert_eq!(of("Failed").len(), 0, "{events:?}");
    let found = of("Pulled");
    assert_eq!(found.len(), 2, "{events:?}");
    for event in found {
        let message = event["message"].as_str().unwrap_or_default();
        assert!(message.contains("already present"), "{message}");
    }
}
