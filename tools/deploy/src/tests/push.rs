//! `push`: images and nothing else.

use std::path::Path;

use serde_json::{Value, json};
use windlass_oci_reference::Tag;
use windlass_oci_registry_fake::Registry;

use super::case::{Case, add_image, case, run, steady};
use crate::desired::{Checks, Desired};
use crate::request::DeployRequest;
use crate::session::environment_of;

/// A case whose API server nobody answers for.
fn without_cluster() -> Case {
    case("127.0.0.1:1", "push")
}

#[tokio::test]
async fn what_is_missing_is_sent_and_no_cluster_is_asked() {
    let registry = Registry::start(Vec::new()).await;
    let mut case = without_cluster();
    for key in ["client", "server"] {
        add_image(&mut case, &format!("{}/demo/{key}", registry.name()));
    }
    let ran = run(&case, &["--verbose"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    let screen = steady(&ran.screen, &registry.name());
    let lines: Vec<&str> = screen.lines().collect();
    assert_eq!(lines[0], "myns -> registry 127.0.0.1:6443");
    assert_eq!(lines[1], "plan    2 images to push, 0 already there");
    let digest = |line: &str| {
        let at = line.find("sha256:").expect("a digest");
        (line[..at].to_owned(), line[at + 11..].to_owned())
    };
    assert_eq!(digest(lines[2]).0, "  push    127.0.0.1:6443/demo/client@");
    let mut sent = [digest(lines[4]), digest(lines[5])];
    sent.sort();
    assert_eq!(sent[0].0, "client  image ");
    assert_eq!(sent[1].0, "server  image ");
    assert!(
        sent[0]
            .1
            .ends_with("2 of 2 blobs sent          21 B   0.1 s"),
        "{sent:?}"
    );
    assert_eq!(
        lines[6],
        "done in 0.1 s: 2 images, 40 B sent, 2 B already there"
    );
    assert_eq!(lines.len(), 7);
    let uploads = registry.requests();
    assert!(
        uploads
            .iter()
            .any(|request| request.starts_with("PUT /v2/demo/server/manifests/"))
    );
    // Again: one look for each, and nothing else.
    let ran = run(&case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert_eq!(
        steady(&ran.screen, &registry.name()),
        "myns -> registry 127.0.0.1:6443\n\
         plan    0 images to push, 2 already there\n\
         done in 0.1 s: nothing to push, 2 images already there"
    );
    let requests = registry.requests();
    assert!(
        requests.len() == 2 && requests.iter().all(|request| request.starts_with("HEAD ")),
        "{requests:?}"
    );
}

#[tokio::test]
async fn a_dry_run_sends_nothing() {
    let registry = Registry::start(Vec::new()).await;
    let mut case = without_cluster();
    let reference = add_image(&mut case, &format!("{}/demo/client", registry.name()));
    let ran = run(&case, &["--dry-run"]).await;
    assert!(
        ran.screen.ends_with(&format!("\n  push    {reference}")),
        "{}",
        ran.screen
    );
    let requests = registry.requests();
    assert!(
        requests.iter().all(|request| request.starts_with("HEAD ")),
        "{requests:?}"
    );
}

#[tokio::test]
async fn a_pinned_environment_has_nothing_to_push() {
    let mut case = without_cluster();
    case.request["environment"] = json!({"name": "prod", "namespace": "alice", "personal": false,
        "rollout": "gated", "protected": true});
    let ran = run(&case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert_eq!(
        ran.screen,
        "environment `prod` has no image built here: nothing to push"
    );
}

#[tokio::test]
async fn the_document_says_what_was_sent() {
    let registry = Registry::start(Vec::new()).await;
    let mut case = without_cluster();
    let reference = add_image(&mut case, &format!("{}/demo/client", registry.name()));
    let ran = run(&case, &["--output=json"]).await;
    let outcome: Value = serde_json::from_str(&ran.data).expect("one document");
    assert_eq!(outcome["result"], "changed");
    assert_eq!(outcome["cluster"], Value::Null);
    assert_eq!(outcome["objects"], json!([]));
    assert_eq!(
        outcome["images"],
        json!([{"label": "//services/client:image", "reference": reference, "action": "push",
            "done": true, "uploadedBlobs": 2, "uploadedBytes": 21, "skippedBytes": 0}])
    );
}

/// A registry of this machine removes what a tag has moved off; another one is given no tag.
#[tokio::test]
async fn what_a_namespace_runs_has_its_tag_and_what_is_pushed_alone_one_for_good() {
    let mut case = case("127.0.0.1:1", "push");
    let reference = add_image(&mut case, "localhost:31000/demo/client");
    add_image(&mut case, "registry.example.com/demo/server");
    case.request["groups"] = json!([]);
    let (_, digest) = reference.split_once("sha256:").expect("a digest");
    let kept = format!("kept_{}", &digest[..12]);
    for (verb, namespace, tag) in [
        ("push", "alice", kept.as_str()),
        ("apply", "alice", "alice"),
        ("create", "alice", "alice"),
        ("replace", "preview", "preview"),
    ] {
        case.request["verb"] = json!(verb);
        case.request["environment"]["namespace"] = json!(namespace);
        let request = DeployRequest::parse(&case.request.to_string(), Path::new("x"));
        let request = request.expect("a request");
        let environment = environment_of(&request).expect("an environment");
        let desired = Desired::load(&request, environment, &case.folder, Checks::All);
        let images = desired.expect("loads").images;
        let tags: Vec<Vec<&str>> = images
            .iter()
            .map(|image| image.push.tags.iter().map(Tag::as_str).collect())
            .collect();
        assert_eq!(tags, [vec![tag], vec![]], "{verb}");
    }
}
