//! Commits and releases that are not applied, whatever they say: nothing is written, and the next good
//! one goes on.

use serde_json::{Value, json};
use strum::VariantNames as _;
use windlass_attestation::Provenance;
use windlass_error_cases::complete;
use windlass_oci_reference::Digest;
use windlass_oci_registry_fake::{Fault, What};
use windlass_repository_fake::Key;

use super::scene::{ALICE, MALLORY, PUBLISHER, REPOSITORY, Scene, map, request};
use crate::apply::Error;
use crate::apply::find::ReleaseProofError;

/// Fails unless a turn is refused with this text and writes nothing.
async fn is_refused(scene: &Scene, want: &str) {
    let writes = scene.api.writes();
    let before = scene.status().map_or(0, |status| status.failures);
    let refused = scene.turn().await;
    refused.is_not("refused");
    let text = refused.failure();
    assert!(text.contains(want), "want `{want}` in:\n{text}");
    let told = refused.status.error.expect("it is told");
    assert_eq!((told.text, refused.status.failures), (text, before + 1));
    assert_eq!(scene.api.writes(), writes);
    // The same text, whoever asks again.
    let again = scene.turn().await;
    assert_eq!(again.status.failures, before + 2);
}

#[tokio::test]
async fn a_protected_environment_takes_signed_commits_only() {
    let scene = Scene::protected().await;
    scene.release("1").await;
    scene.turn().await.is("applied");
    let good = scene.repository.git(&["rev-parse", "main"], "");

    for (signer, want) in [
        (None, "it has no signature"),
        (Some(MALLORY), "which is no committer's key"),
    ] {
        let bad = scene.repository.draft(&good, "web.txt", "2", signer);
        scene.publish(&bad, &map("2")).await;
        scene.repository.force(&bad);
        is_refused(&scene, want).await;
    }
    // A signature of another commit is none of this one.
    let head = scene.repository.head();
    let signed = scene.repository.draft(&head, "web.txt", "2", Some(ALICE));
    let object = scene
        .repository
        .git(&["cat-file", "commit", signed.as_str()], "");
    let forged = scene
        .repository
        .keep(&format!("{object} of something else\n"));
    scene.publish(&forged, &map("2")).await;
    scene.repository.force(&forged);
    is_refused(&scene, "the signature is not of `committer-2`").await;

    // The next good commit goes on, on top of the bad ones: who signs it vouches for what is below.
    scene.release("3").await;
    scene.turn().await.is("applied");
    assert_eq!(scene.value().as_deref(), Some("3"));

    scene.trust(&[PUBLISHER], &[]);
    is_refused(&scene, "windlass trusts no committers").await;
}

#[tokio::test]
async fn an_environment_that_is_not_protected_takes_any() {
    let scene = Scene::new().await;
    let commit = scene.repository.commit("web.txt", "1", MALLORY);
    scene.publish(&commit, &map("1")).await;
    scene.turn().await.is("applied");
}

#[tokio::test]
async fn a_branch_that_has_lost_what_was_applied() {
    let mut scene = Scene::protected().await;
    let first = scene.release("1").await;
    scene.release("2").await;
    scene.turn().await.is("applied");
    let other = scene
        .repository
        .draft(first.as_str(), "web.txt", "other", Some(ALICE));
    scene.publish(&other, &map("other")).await;
    scene.repository.force(&other);
    is_refused(&scene, "error: branch `main` has lost commit").await;
    assert_eq!(scene.value().as_deref(), Some("2"));
    // What was taken away comes back.
    let lost = scene.status().expect("a status").reached.expect("one");
    scene.repository.force(&lost.parse().expect("a commit"));
    scene.turn().await.is("applied");
    // Or it was meant.
    scene.repository.force(&other);
    scene.turn().await.is_not("refused");
    scene.flags.push("--allow-rewrite".to_owned());
    scene.turn().await.is("applied");
    scene.flags.pop();
    scene.turn().await.is("applied");
    assert_eq!(scene.value().as_deref(), Some("other"));
}

#[tokio::test]
async fn where_nothing_is_protected_a_rewrite_is_said_and_taken() {
    let scene = Scene::new().await;
    let first = scene.release("1").await;
    scene.release("2").await;
    scene.turn().await.is("applied");
    scene.repository.force(&first);
    // The mirror may have lost the old commit as well.
    std::fs::remove_dir_all(scene.state("mirror.git")).expect("removes");
    scene.turn().await.is("applied");
    assert_eq!(scene.value().as_deref(), Some("1"));
}

#[tokio::test]
async fn a_switch_that_does_not_say_what_it_stops_stops_all() {
    let scene = Scene::new().await;
    for (text, want) in [
        (
            r#"{"prdo": "ask alice"}"#,
            "got environment `prdo`, want `prod`",
        ),
        ("paused", "it is not {\"prod\": \"why it is paused\"}"),
    ] {
        let commit = scene.repository.commit("prod/paused.json", text, ALICE);
        scene.publish(&commit, &map("1")).await;
        is_refused(&scene, want).await;
    }
    let commit = scene
        .repository
        .commit("prod/paused.json/file", "{}", ALICE);
    scene.publish(&commit, &map("1")).await;
    let text = scene.turn().await.failure();
    assert!(text.contains("got a tree or a link, want a file"), "{text}");
}

#[tokio::test]
async fn a_cluster_that_trusts_nobody() {
    let scene = Scene::new().await;
    scene.release("1").await;
    scene.api.remove(super::scene::ROOTS);
    let failed = scene.turn().await;
    failed.is_not("failed");
    let text = failed.failure();
    assert!(text.contains("requires proof of its releases"), "{text}");
    assert!(text.contains("hint: kubectl"), "{text}");
    assert_eq!(scene.api.writes(), [""; 0]);
}

/// What is said of a release, the error that it is refused with, and a part of that.
type Word = (&'static str, Key, fn(&mut Provenance), &'static str);

const WORDS: [Word; 4] = [
    (
        "Verify",
        MALLORY,
        |_| {},
        "cause: its attestation is not to be trusted\ncause: signed by `",
    ),
    (
        "Other",
        PUBLISHER,
        |said| said.name = "demo/web".to_owned(),
        "cause: repository: its attestation is of `demo/web`, want `demo/bundles/prod/release`\n",
    ),
    (
        "Other",
        PUBLISHER,
        |said| said.commit = "1".repeat(40).parse().expect("a commit"),
        "cause: commit: its attestation is of `1111111111111111111111111111111111111111`, want `",
    ),
    (
        "Other",
        PUBLISHER,
        |said| said.digest = Digest::of(b"another"),
        "cause: digest: its attestation is of `sha256:",
    ),
];

#[tokio::test]
async fn releases_that_nobody_speaks_for() {
    let mut seen = Vec::new();
    for (variant, signer, edit, want) in WORDS {
        let scene = Scene::new().await;
        let commit = scene.repository.commit("web.txt", "1", ALICE);
        let manifest = scene.bundle(&request(), &map("1"));
        scene.attest(&commit, &manifest, signer, edit).await;
        scene
            .registry
            .add_tag(REPOSITORY, commit.as_str(), &manifest);
        is_refused(&scene, want).await;
        seen.push(variant);
        // One more that holds is enough.
        scene.attest(&commit, &manifest, PUBLISHER, |_| {}).await;
        scene.turn().await.is("applied");
    }
    for (variant, said, want) in [
        (
            "Missing",
            None,
            "cause: it has no attestation of this commit\n",
        ),
        (
            "Envelope",
            Some("{}"),
            "cause: its attestation does not hold\ncause: it is not an envelope of DSSE",
        ),
    ] {
        let scene = Scene::new().await;
        let commit = scene.repository.commit("web.txt", "1", ALICE);
        let manifest = scene.bundle(&request(), &map("1"));
        if let Some(said) = said {
            scene.say(REPOSITORY, &commit, &manifest, said.into()).await;
        }
        scene
            .registry
            .add_tag(REPOSITORY, commit.as_str(), &manifest);
        is_refused(&scene, want).await;
        seen.push(variant);
    }
    complete(seen, ReleaseProofError::VARIANTS);
}

/// What a registry answers of a word that somebody has put there last, and how a release stands of
/// which nothing else is said.
const BROKEN: [(What, &str, &str); 3] = [
    (
        What::Status(404, "", ""),
        "refused",
        "it has no attestation of this commit",
    ),
    (
        What::Status(200, "", "{}"),
        "refused",
        "it has no attestation of this commit",
    ),
    // The good one may be behind that.
    (What::Status(403, "", ""), "failed", ": 403 FORBIDDEN"),
];

#[tokio::test]
async fn a_broken_word_hides_no_good_one() {
    for (what, state, want) in BROKEN {
        let scene = Scene::new().await;
        let commit = scene.repository.commit("web.txt", "1", ALICE);
        let manifest = scene.bundle(&request(), &map("1"));
        scene.say(REPOSITORY, &commit, &manifest, "{}".into()).await;
        let list = format!("sha256-{}", Digest::of(&manifest).hex());
        let list = scene.registry.manifest(REPOSITORY, &list).expect("a list");
        let list: Value = serde_json::from_slice(&list).expect("JSON");
        let word = list["manifests"][0]["digest"].as_str().expect("a digest");
        let request = format!("GET /v2/{REPOSITORY}/manifests/{word}");
        scene.registry.add_faults(vec![Fault {
            request: request.leak(),
            times: usize::MAX,
            what,
        }]);
        scene
            .registry
            .add_tag(REPOSITORY, commit.as_str(), &manifest);
        let turned = scene.turn().await;
        turned.is_not(state);
        let text = turned.failure();
        assert!(text.contains(want), "want `{want}` in:\n{text}");
        // One that holds, listed before it.
        scene.attest(&commit, &manifest, PUBLISHER, |_| {}).await;
        scene.list_backwards(&manifest);
        scene.turn().await.is("applied");
    }
}

#[tokio::test]
async fn a_tag_that_somebody_has_moved() {
    let scene = Scene::new().await;
    let old = scene.release("1").await;
    scene.turn().await.is("applied");
    let commit = scene.release("2").await;
    // To a release of another commit, which is proven, for that one.
    let manifest = scene
        .registry
        .manifest(REPOSITORY, old.as_str())
        .expect("it is there");
    scene
        .registry
        .add_tag(REPOSITORY, commit.as_str(), &manifest);
    is_refused(&scene, "it has no attestation of this commit").await;
    assert_eq!(scene.value().as_deref(), Some("1"));
}

/// Edits of a request, and why the release is not applied.
/// An edit of a request, and a part of the error.
type Edit = (fn(&mut Value), &'static str);

const REQUESTS: [Edit; 10] = [
    (
        |request| request["environment"]["name"] = json!("staging"),
        "cause: environment: got `staging`, want `prod`\n",
    ),
    (
        |request| request["environment"]["namespace"] = json!("kube-system"),
        "cause: namespace: got `kube-system`, want `prod`\n",
    ),
    (
        |request| request["target"] = json!("//prod:setup"),
        "cause: target: got `//prod:setup`, want `//prod:release`\n",
    ),
    (
        |request| request["project"] = json!("shop"),
        "cause: project: got `shop`, want `demo`\n",
    ),
    (
        |request| request["cluster"]["context"] = json!("other"),
        "cause: cluster: got `other`, want `windlass`\n",
    ),
    (
        |request| request["cluster"]["id"] = json!("3f9c21"),
        "cause: cluster_id: got `3f9c21`, want `nothing`\n",
    ),
    (
        |request| request["environment"]["proof"] = json!("required"),
        "cause: proof: got `required`, want `none`\n",
    ),
    (
        |request| request["verb"] = json!("delete"),
        "cause: verb: got `delete`, want `apply`\n",
    ),
    (
        |request| request["version"] = json!(2),
        "cause: its request cannot be used\n",
    ),
    (
        |request| {
            request["images"] = json!([{"label": "//services/web:image", "key": "web",
                "repository": "localhost:31000/demo/web", "insecure": false, "files":
                    {"manifest": "m", "config": "c", "descriptor": "d", "layers": []}}]);
        },
        "cause: images to push: got 1, want none: ",
    ),
];

#[tokio::test]
async fn releases_that_are_of_something_else() {
    let scene = Scene::new().await;
    for (at, (edit, want)) in REQUESTS.into_iter().enumerate() {
        let commit = scene.repository.commit("web.txt", &at.to_string(), ALICE);
        let mut request = request();
        edit(&mut request);
        let manifest = scene.bundle(&request, &map("1"));
        scene.attest(&commit, &manifest, PUBLISHER, |_| {}).await;
        scene
            .registry
            .add_tag(REPOSITORY, commit.as_str(), &manifest);
        is_refused(&scene, want).await;
    }
    scene.release("1").await;
    scene.turn().await.is("applied");
}

#[tokio::test]
async fn a_release_is_whole_or_nothing_of_it_is_applied() {
    let scene = Scene::new().await;
    let commit = scene.repository.commit("web.txt", "1", ALICE);
    let manifest = scene.image(b"no archive");
    scene.attest(&commit, &manifest, PUBLISHER, |_| {}).await;
    scene
        .registry
        .add_tag(REPOSITORY, commit.as_str(), &manifest);
    is_refused(&scene, "cause: its last layer cannot be unpacked\n").await;
    let error = scene.turn().await.result.expect_err("refused");
    assert!(matches!(error, Error::Bundle { .. }));
}
