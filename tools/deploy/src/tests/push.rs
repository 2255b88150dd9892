//! `push`: images and nothing else.

use std::path::Path;

use serde_json::{Value, json};
use windlass_oci_reference::Tag;
use windlass_oci_registry_fake::{Registry, What};

use super::case::{Case, add_image, case, pod, run, steady};
use super::fake::{Fake, Scenario};
use crate::desired::{Checks, Desired, DesiredImage};
use crate::inventory::InventoryId;
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
    case.request["groups"][0]["objects"] = json!([]);
    let (_, digest) = reference.split_once("sha256:").expect("a digest");
    let kept = format!("kept_{}", &digest[..12]);
    for (verb, namespace, tag) in [
        ("push", "alice", kept.as_str()),
        ("apply", "alice", "alice.redis.HASH"),
        ("create", "alice", "alice.redis.HASH"),
        ("replace", "preview", "preview.redis.HASH"),
    ] {
        let tag = tag.replace("HASH", &digest_of_group("demo/redis/myns"));
        case.request["verb"] = json!(verb);
        case.request["environment"]["namespace"] = json!(namespace);
        let request = DeployRequest::parse(&case.request.to_string(), Path::new("x"));
        let request = request.expect("a request");
        let environment = environment_of(&request).expect("an environment");
        let desired = Desired::load(&request, environment, &case.folder, Checks::All);
        let images = desired.expect("loads").images;
        let tagged: Vec<_> = images.iter().map(DesiredImage::tagged).collect();
        let tags: Vec<Vec<&str>> = tagged
            .iter()
            .map(|push| push.tags.iter().map(Tag::as_str).collect())
            .collect();
        assert_eq!(tags, [vec![tag.as_str()], vec![]], "{verb}");
    }
}

/// The end of a group's tag.
fn digest_of_group(id: &str) -> String {
    let name = InventoryId::of(id, "").name;
    name.rsplit('.').next().expect("has dots").to_owned()
}

/// Groups that share an image move on from it at times of their own.
#[tokio::test]
async fn an_image_has_a_tag_of_each_group_that_runs_it() {
    let mut case = case("127.0.0.1:1", "apply");
    let reference = add_image(&mut case, "localhost:31000/demo/proxy");
    let images = [
        ("a", reference.as_str()),
        ("b", "busybox"),
        ("c", &reference),
    ];
    let mut groups = Vec::new();
    for (name, image) in images {
        case.request["groups"] = json!([{"id": format!("demo/{name}/myns"),
            "label": format!("//{name}:myns-shallow"), "objects": []}]);
        case.add_as(&format!("//{name}:pod"), name, &pod(name, image));
        groups.push(case.request["groups"][0].take());
    }
    case.request["groups"] = json!(groups);
    let request = DeployRequest::parse(&case.request.to_string(), Path::new("x"));
    let request = request.expect("a request");
    let environment = environment_of(&request).expect("an environment");
    let desired = Desired::load(&request, environment, &case.folder, Checks::All);
    let desired = desired.expect("loads");
    let tags: Vec<_> = desired.images[0].tags.iter().map(Tag::as_str).collect();
    let want = ["a", "c"].map(|name| {
        let digest = digest_of_group(&format!("demo/{name}/myns"));
        format!("alice.{name}.{digest}")
    });
    assert_eq!(tags, want);
}

/// What a registry has of an image that a case adds: tags, and the digest.
struct Held {
    registry: Registry,
    digest: String,
}

impl Held {
    /// Another image for `demo/client`, in place of the one that the case has.
    async fn new(case: &mut Case) -> Self {
        let registry = Registry::start(Vec::new()).await;
        let mut held = Self {
            registry,
            digest: String::new(),
        };
        held.edit(case, "client");
        held
    }

    /// Gives the case another image, as an edit does; gives back its digest.
    fn edit(&mut self, case: &mut Case, content: &str) -> String {
        case.request["images"] = json!([]);
        let repository = format!("{}/demo/client", self.registry.name());
        let made = format!("{}/{content}", self.registry.name());
        let reference = add_image(case, &made);
        case.request["images"][0]["repository"] = json!(repository);
        let (_, digest) = reference.split_once('@').expect("a digest");
        digest.clone_into(&mut self.digest);
        self.digest.clone()
    }

    /// The digest that a tag is on.
    fn tag(&self, tag: &str) -> Option<String> {
        let manifest = self.registry.manifest("demo/client", tag)?;
        Some(windlass_oci_reference::Digest::of(&manifest).to_string())
    }

    /// The digest that the tag of the group is on.
    fn moving(&self) -> Option<String> {
        let inventory = InventoryId::of("demo/redis/myns", "alice");
        self.tag(&inventory.name.replacen("windlass", "alice", 1))
    }

    fn kept(&self, digest: &str) -> Option<String> {
        self.tag(&format!("kept_{}", &digest[7..19]))
    }

    fn has(&self, digest: &str) -> bool {
        self.registry.manifest("demo/client", digest).is_some()
    }
}

/// What may run still has its tag, or never had one: a local registry keeps both.
#[tokio::test]
async fn the_tag_moves_when_all_is_ready() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = case(&fake.address, "apply");
    let mut held = Held::new(&mut case).await;
    let first = held.digest.clone();
    let ran = run(&case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert_eq!(held.moving().as_ref(), Some(&first));
    assert_eq!(held.kept(&first), None, "it may go when the tag leaves it");

    let second = held.edit(&mut case, "second");
    case.add("//services/redis:pod", "Pod", &pod("redis", "busybox"));
    let ran = run(&case, &["--timeout=1s"]).await;
    assert!(ran.result.is_err(), "the pod is never ready");
    assert_eq!(held.moving().as_ref(), Some(&first), "it may run still");
    assert!(held.has(&second));
    assert_eq!(held.kept(&second), None, "it never had a tag");

    let third = held.edit(&mut case, "third");
    let objects = case.request["groups"][0]["objects"].as_array_mut();
    objects.expect("objects").pop();
    let ran = run(&case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert_eq!(held.moving(), Some(third));

    // The tag has left this one, so something else has to hold it until it is back.
    held.edit(&mut case, "client");
    case.add("//services/redis:pod", "Pod", &pod("redis", "busybox"));
    let ran = run(&case, &["--timeout=1s"]).await;
    assert!(ran.result.is_err(), "the pod is never ready");
    assert_ne!(held.moving().as_ref(), Some(&first));
    assert_eq!(held.kept(&first), Some(first));
}

/// Who does not wait does not know what runs: nothing is left, and a rerun has nothing to do.
#[tokio::test]
async fn what_nobody_waits_for_is_kept() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = case(&fake.address, "apply");
    let held = Held::new(&mut case).await;
    let digest = held.digest.clone();
    let ran = run(&case, &["--wait=false"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert_eq!((held.kept(&digest), held.moving()), (Some(digest), None));
    held.registry.requests();
    let ran = run(&case, &["--wait=false"]).await;
    assert!(ran.screen.contains("nothing changed"), "{}", ran.screen);
    assert_eq!(held.registry.requests().len(), 1);
}

/// A run that is killed at any request to the registry leaves the tag where it was, until it moves.
#[tokio::test]
async fn a_registry_that_fails_anywhere_leaves_no_image_without_a_hold() {
    for well in 0.. {
        let fake = Fake::start(Scenario::Usual, &["alice"]).await;
        let mut case = case(&fake.address, "apply");
        let mut held = Held::new(&mut case).await;
        let first = held.digest.clone();
        assert!(run(&case, &[]).await.result.is_ok());
        let second = held.edit(&mut case, "second");
        held.registry.fail_after(well, What::Status(403, "", ""));
        let ran = run(&case, &[]).await;
        let at = held.moving().expect("it never goes");
        if !held.registry.has_failed() {
            assert!(ran.result.is_ok(), "{:?}", ran.result);
            assert_eq!(at, second);
            assert!(well > 5, "it was asked {well} times");
            return;
        }
        assert!(ran.result.is_err(), "at {well}");
        assert_eq!(at, first, "at {well}");
        let ran = run(&case, &[]).await;
        assert!(ran.result.is_ok(), "at {well}: {:?}", ran.result);
        assert_eq!(held.moving(), Some(second), "at {well}");
    }
}
