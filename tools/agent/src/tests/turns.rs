//! Turns that do what they should, and come back to it after whatever went wrong around them.

use serde_json::json;
use windlass_repository_fake::Key;

use super::scene::{ALICE, MAP, PUBLISHER, REPOSITORY, Scene, TARGET, map, reference};
use crate::apply::status::{ReleaseResult, State, Why};

/// Requests that change something in a registry.
fn uploads(scene: &Scene) -> Vec<String> {
    let requests = scene.registry.requests().into_iter();
    let reads = ["GET", "HEAD"];
    let is_write = |line: &String| !reads.iter().any(|verb| line.starts_with(verb));
    requests.filter(is_write).collect()
}

#[tokio::test]
async fn a_commit_is_applied_and_a_second_turn_writes_nothing() {
    let scene = Scene::protected().await;
    let commit = scene.repository.commit("web.txt", "1", ALICE);
    let digest = scene.publish(&commit, &map("1")).await;
    uploads(&scene);

    let first = scene.turn().await;
    let status = &first.is("applied").status;
    assert_eq!(scene.value().as_deref(), Some("1"));
    assert_eq!(status.head.as_deref(), Some(commit.as_str()));
    assert_eq!(status.reached, status.head);
    let turn = status.turn.as_ref().expect("a turn");
    assert_eq!((turn.why, turn.ended.is_some()), (Why::Commit, true));
    let release = &turn.releases[0];
    assert_eq!(release.target, TARGET);
    assert_eq!(release.image, reference(&scene, digest).to_string());
    assert_eq!(release.result, Some(ReleaseResult::Changed));
    assert_eq!(release.changes, ["create ConfigMap prod/web"]);

    let (writes, books) = (scene.api.writes(), scene.api.books());
    let second = scene.turn().await;
    let turn = second.is("applied").status.turn.as_ref().expect("a turn");
    assert_eq!(turn.releases[0].result, Some(ReleaseResult::Unchanged));
    assert_eq!((turn.releases[0].same, turn.why), (1, Why::Drift));
    assert_eq!((scene.api.writes(), scene.api.books()), (writes, books));
    let (one, two) = (status.applied.as_ref(), second.status.applied.as_ref());
    assert_eq!(one.map(|one| &one.since), two.map(|two| &two.since));
    assert_eq!(second.status.drift.objects, 0);
    assert_eq!(uploads(&scene), [""; 0]);
}

#[tokio::test]
async fn only_what_a_commit_changes_is_written() {
    let scene = Scene::new().await;
    let one = scene.release("1").await;
    scene.turn().await.is("applied");
    // A commit that changes nothing of it: the same image, with an attestation of its own.
    let other = scene.repository.commit("README.md", "text", ALICE);
    assert_eq!(
        scene.publish(&other, &map("1")).await,
        scene.publish(&one, &map("1")).await
    );
    let writes = scene.api.writes();
    let status = scene.turn().await.is("applied").status.clone();
    assert_eq!(status.applied.expect("it is").commit, other.as_str());
    assert_eq!(scene.api.writes(), writes);

    scene.release("2").await;
    let status = scene.turn().await.is("applied").status.clone();
    let changes = &status.turn.expect("a turn").releases[0].changes;
    assert_eq!(*changes, ["change ConfigMap prod/web: data.value"]);
    assert_eq!(scene.value().as_deref(), Some("2"));
}

#[tokio::test]
async fn a_revert_brings_the_old_one_back() {
    let scene = Scene::new().await;
    for value in ["1", "2", "1"] {
        scene.release(value).await;
        scene.turn().await.is("applied");
        assert_eq!(scene.value().as_deref(), Some(value));
    }
}

#[tokio::test]
async fn a_commit_without_a_release_waits_for_one() {
    let scene = Scene::new().await;
    scene.release("1").await;
    scene.turn().await.is("applied");
    let commit = scene.repository.commit("web.txt", "2", ALICE);
    let waiting = scene.turn().await;
    let reason = waiting.is("waiting").status.reason.clone();
    assert_eq!(
        reason.as_deref(),
        Some(&*format!(
            "for a release of {TARGET} at commit {}",
            commit.short()
        ))
    );
    assert_eq!(waiting.status.head.as_deref(), Some(commit.as_str()));
    assert_eq!(scene.value().as_deref(), Some("1"));
    // Meanwhile what is applied is kept as it is.
    scene.api.remove(MAP);
    let status = scene.turn().await.is("waiting").status.clone();
    assert_eq!(scene.value().as_deref(), Some("1"));
    assert_eq!((status.reason, status.drift.objects), (reason, 1));
    scene.publish(&commit, &map("2")).await;
    scene.turn().await.is("applied");
    assert_eq!(scene.value().as_deref(), Some("2"));
}

#[tokio::test]
async fn what_is_begun_is_not_taken_back() {
    let scene = Scene::new().await;
    scene.release("1").await;
    scene.turn().await.is("applied");
    let commit = scene.repository.commit("web.txt", "2", ALICE);
    // The API server does not know its kind.
    let (mut request, mut object) = (super::scene::request(), map("2"));
    request["groups"][0]["objects"][0]["kind"] = json!("Gadget");
    object["kind"] = json!("Gadget");
    object["apiVersion"] = json!("example.com/v1");
    let manifest = scene.bundle(&request, &object);
    scene.attest(&commit, &manifest, PUBLISHER, |_| {}).await;
    scene
        .registry
        .add_tag(REPOSITORY, commit.as_str(), &manifest);
    scene.turn().await.is_not("failed");
    scene.api.remove(MAP);
    scene.turn().await.is_not("failed");
    assert_eq!(scene.value(), None);
}

#[tokio::test]
async fn the_repository_can_stop_it() {
    let scene = Scene::new().await;
    scene.release("1").await;
    let paused = json!({"prod": "the database is being moved; ask alice"}).to_string();
    let commit = scene.repository.commit("prod/paused.json", &paused, ALICE);
    scene.publish(&commit, &map("1")).await;
    let status = scene.turn().await.is("paused").status.clone();
    assert_eq!(
        status.reason.as_deref(),
        Some("the database is being moved; ask alice")
    );
    assert_eq!(scene.api.writes(), [""; 0]);
    let commit = scene.repository.commit("prod/paused.json", "{}", ALICE);
    scene.publish(&commit, &map("1")).await;
    let status = scene.turn().await.is("applied").status.clone();
    assert_eq!(status.reason, None);
}

#[tokio::test]
async fn what_is_paused_is_not_put_back() {
    for text in [
        json!({"prod": "the database is being moved"}).to_string(),
        // Who wrote this wanted something to stop.
        "{prod".to_owned(),
    ] {
        let scene = Scene::new().await;
        scene.release("1").await;
        scene.turn().await.is("applied");
        let commit = scene.repository.commit("prod/paused.json", &text, ALICE);
        scene.publish(&commit, &map("1")).await;
        scene.api.remove(MAP);
        scene.turn().await;
        assert_eq!(scene.value(), None, "{text}");
        // What it said is known while it is gone, also by an agent that was started anew.
        std::fs::rename(scene.path("remote.git"), scene.path("away.git")).expect("moves");
        scene.turn().await.is_not("failed");
        assert_eq!(scene.value(), None, "{text}");
    }
}

#[tokio::test]
async fn what_cannot_be_put_back_is_told() {
    let scene = Scene::new().await;
    scene.release("1").await;
    scene.turn().await.is("applied");
    scene.repository.commit("web.txt", "2", ALICE);
    scene.trust(&[Key(9)], &[ALICE]);
    let status = scene.turn().await.status;
    let said = status.drift.error.as_ref().expect("why").text.clone();
    assert!(said.contains(PUBLISHER.public().id().as_str()), "{said}");
    assert!(
        status.line().ends_with(said.trim_end()),
        "{}",
        status.line()
    );
    scene.trust(&[PUBLISHER], &[ALICE]);
    let status = scene.turn().await.is("waiting").status.clone();
    assert_eq!(status.drift.error, None);
}

#[tokio::test]
async fn what_others_change_is_put_back_and_counted() {
    let scene = Scene::new().await;
    scene.release("1").await;
    scene.turn().await.is("applied");
    let mut edited = scene.api.object(MAP).expect("it is there");
    edited["data"]["value"] = json!("by hand");
    edited["metadata"]["managedFields"] = json!([{"manager": "kubectl-edit", "operation": "Update",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:value": {}}}}]);
    scene.api.put(MAP, edited);
    let status = scene.turn().await.is("applied").status.clone();
    assert_eq!(scene.value().as_deref(), Some("1"));
    assert_eq!(status.drift.objects, 1);
    assert!(status.drift.time.is_some());
    assert_eq!(status.drift.changes.len(), 1, "{:?}", status.drift);
    // It stays said.
    let status = scene.turn().await.is("applied").status.clone();
    assert_eq!((status.drift.objects, status.drift.changes.len()), (1, 1));
}

#[tokio::test]
async fn the_remote_is_gone_for_a_while() {
    let scene = Scene::new().await;
    scene.release("1").await;
    scene.turn().await.is("applied");
    scene.release("2").await;
    std::fs::rename(scene.path("remote.git"), scene.path("away.git")).expect("moves");
    let gone = scene.turn().await;
    gone.is_not("failed");
    assert_eq!(
        gone.failure(),
        format!(
            "error: cannot fetch branch `main`\ncause: '{}' does not appear to be a git repository\n",
            scene.path("remote.git").display()
        )
    );
    // What is applied is known still, and kept.
    assert!(gone.status.applied.is_some());
    assert_eq!(scene.value().as_deref(), Some("1"));
    scene.api.remove(MAP);
    scene.turn().await.is_not("failed");
    assert_eq!(scene.value().as_deref(), Some("1"));
    std::fs::rename(scene.path("away.git"), scene.path("remote.git")).expect("moves");
    let status = scene.turn().await.is("applied").status.clone();
    assert_eq!((status.error, status.failures), (None, 0));
    assert_eq!(scene.value().as_deref(), Some("2"));
}

#[tokio::test]
async fn the_registry_is_down_for_a_while() {
    let mut scene = Scene::new().await;
    scene.release("1").await;
    scene.turn().await.is("applied");
    // What is applied can be put back without it.
    scene.lose_registry();
    scene.api.remove(MAP);
    scene.turn().await.is("applied");
    assert_eq!(scene.value().as_deref(), Some("1"));
    // What is new is not known to be there, and nothing is taken for it.
    let commit = scene.repository.commit("web.txt", "2", ALICE);
    let failed = scene.turn().await;
    failed.is_not("failed");
    assert!(failed.failure().starts_with("error: cannot look up `"));
    assert_eq!(scene.value().as_deref(), Some("1"));
    let other = Scene::new().await;
    scene.registry = other.registry;
    scene.request["environments"][0]["registry"] = json!(scene.registry.name());
    scene.publish(&commit, &map("2")).await;
    scene.turn().await.is("applied");
    assert_eq!(scene.value().as_deref(), Some("2"));
}

#[tokio::test]
async fn the_api_server_is_down_for_a_while() {
    let scene = Scene::new().await;
    scene.release("1").await;
    // Port 9 is that of a protocol that discards what it is sent; nobody listens there.
    scene.reach("127.0.0.1:9");
    let failed = scene.turn().await;
    failed.is_not("failed");
    assert!(
        failed
            .failure()
            .starts_with("error: cannot reach cluster `windlass`"),
        "{}",
        failed.failure()
    );
    scene.reach(&scene.api.address);
    scene.turn().await.is("applied");
    assert_eq!(scene.value().as_deref(), Some("1"));
}

#[tokio::test]
async fn a_key_that_is_not_trusted_any_more() {
    let scene = Scene::new().await;
    let commit = scene.repository.commit("web.txt", "1", ALICE);
    let manifest = scene.bundle(&super::scene::request(), &map("1"));
    scene.publish(&commit, &map("1")).await;
    scene.turn().await.is("applied");
    // What was kept is not believed because it was believed before.
    scene.trust(&[Key(9)], &[ALICE]);
    let refused = scene.turn().await;
    refused.is_not("refused");
    let text = refused.failure();
    assert!(text.contains(PUBLISHER.public().id().as_str()), "{text}");
    // The publisher signs it anew.
    scene.attest(&commit, &manifest, Key(9), |_| {}).await;
    scene.turn().await.is("applied");
}

#[tokio::test]
async fn one_target_that_fails_stops_no_other() {
    let mut scene = Scene::new().await;
    let commit = scene.release("1").await;
    // The API server does not know its kind.
    let other = "//prod:other";
    let mut request = super::scene::request();
    request["target"] = json!(other);
    request["groups"][0]["id"] = json!("demo/other/prod");
    let mut object = map("1");
    object["kind"] = json!("Gadget");
    request["groups"][0]["objects"][0]["kind"] = json!("Gadget");
    object["apiVersion"] = json!("example.com/v1");
    let manifest = scene.bundle(&request, &object);
    let repository = "demo/bundles/prod/other";
    for blob in [
        b"{}".to_vec(),
        b"the tool".to_vec(),
        super::scene::archive(&[
            ("windlass.json", request.to_string()),
            ("windlass.runfiles/_main/web.json", object.to_string()),
        ]),
    ] {
        scene.registry.add_blob(repository, &blob);
    }
    scene.registry.add_manifest(repository, &manifest);
    scene
        .attest_in(repository, &commit, &manifest, PUBLISHER, |said| {
            repository.clone_into(&mut said.name);
        })
        .await;
    scene
        .registry
        .add_tag(repository, commit.as_str(), &manifest);
    scene.request["environments"][0]["targets"] = json!([other, TARGET]);
    let failed = scene.turn().await;
    let status = &failed.is_not("failed").status;
    let results: Vec<_> = status
        .turn
        .as_ref()
        .expect("a turn")
        .releases
        .iter()
        .map(|one| one.result)
        .collect();
    assert_eq!(
        results,
        [Some(ReleaseResult::Failed), Some(ReleaseResult::Changed)]
    );
    assert_eq!(scene.value().as_deref(), Some("1"));
    assert_eq!(status.applied, None);
    assert!(failed.failure().contains("Gadget"), "{}", failed.failure());
    // The next commit mends it.
    scene.request["environments"][0]["targets"] = json!([TARGET]);
    scene.release("2").await;
    scene.turn().await.is("applied");
}

#[tokio::test]
async fn two_agents_do_not_share_a_folder() {
    let scene = Scene::new().await;
    let folder = crate::apply::folder::Folder::take(&scene.path("state")).expect("it is free");
    let task =
        crate::apply::task::Task::new(&scene.arguments(), &scene.constants(), &scene.environment());
    let status = crate::apply::status::Status::new(&task.expect("a task"));
    assert_eq!(status.state, State::Started);
    folder.keep(&status).expect("writes");
    let refused = scene.turn().await.failure();
    assert_eq!(
        refused,
        format!(
            "error: another agent has `{}`\n",
            scene.path("state").display()
        )
    );
}
