//! Agents that are killed: nothing is lost, and the next one comes to the same end.

use std::time::Duration;

use serde_json::json;
use windlass_api_server_fake::Fault;

use super::scene::{MAP, Scene};
use crate::apply::run_until;
use crate::apply::status::{State, Why};

/// Begins a turn, and drops it in the middle as soon as the API server does not answer: no code of it
/// runs any more, as after `kill -9`.
async fn killed_at(scene: &Scene, write: usize, fault: Fault) -> bool {
    {
        let mut state = scene.api.state.lock().expect("lock");
        state.fault = Some((state.arrived + write, fault));
        state.stalled = false;
    }
    let (arguments, constants) = (scene.arguments(), scene.constants());
    let environment = scene.environment();
    let turn = run_until(&arguments, &constants, &environment, std::future::pending());
    let stalled = async {
        while !scene.api.is_stalled() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let is_killed = tokio::select! {
        _ = turn => false,
        () = stalled => true,
    };
    scene.api.state.lock().expect("lock").fault = None;
    is_killed
}

#[tokio::test]
async fn at_each_write_to_the_cluster() {
    // As it is without: what has to come of it.
    let usual = Scene::new().await;
    usual.release("1").await;
    usual.turn().await.is("applied");
    let mut kills = 0;
    for fault in [Fault::Unheard, Fault::Unanswered] {
        for write in 1.. {
            let scene = Scene::new().await;
            let commit = scene.release("1").await;
            if !killed_at(&scene, write, fault).await {
                break;
            }
            kills += 1;
            // It is told that it was about to, and of what.
            let status = scene.status().expect("it was told before");
            assert_eq!(status.state, State::Applying);
            assert_eq!(status.reached.as_deref(), Some(commit.as_str()));
            let turn = status.turn.expect("a turn");
            assert_eq!((&*turn.commit, &turn.ended), (commit.as_str(), &None));
            // What the lease of one that was killed keeps others from runs out.
            let status = scene.turn().await.is("applied").status.clone();
            assert_eq!(status.cut_off, Some(turn));
            let turn = status.turn.expect("a turn");
            assert_eq!((turn.why, turn.ended.is_some()), (Why::Commit, true));
            assert_eq!(scene.value().as_deref(), Some("1"));
            scene.turn().await.is("applied");
        }
    }
    // Inventory and lease, object, inventory, at the least.
    assert!(kills >= 6, "{kills}");
}

#[tokio::test]
async fn what_git_has_left() {
    let scene = Scene::new().await;
    scene.release("1").await;
    scene.turn().await.is("applied");
    scene.release("2").await;
    let refs = scene.state("mirror.git/refs/windlass");
    std::fs::write(refs.join("head.lock"), "").expect("writes");
    std::fs::write(scene.state("mirror.git/packed-refs.lock"), "").expect("writes");
    let pack = scene.state("mirror.git/objects/pack/tmp_pack_abcdef");
    std::fs::write(&pack, "half of it").expect("writes");
    scene.turn().await.is("applied");
    assert_eq!(scene.value().as_deref(), Some("2"));
    assert!(!pack.exists());
    // A mirror that was only begun is made.
    scene.release("3").await;
    let mirror = scene.state("mirror.git");
    std::fs::remove_dir_all(&mirror).expect("removes");
    std::fs::create_dir_all(mirror.join("refs")).expect("makes");
    scene.turn().await.is("applied");
    assert_eq!(scene.value().as_deref(), Some("3"));
}

#[tokio::test]
async fn releases_that_were_kept_in_part() {
    let scene = Scene::new().await;
    let commit = scene.release("1").await;
    scene.turn().await.is("applied");
    let folder = scene.state("releases").join(commit.as_str());
    let files: Vec<_> = std::fs::read_dir(&folder)
        .expect("lists")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    assert_eq!(files.len(), 3);
    for file in files {
        let whole = std::fs::read(&file).expect("reads");
        std::fs::write(&file, &whole[..whole.len() / 2]).expect("writes");
        scene.api.remove(MAP);
        scene.turn().await.is("applied");
        assert_eq!(scene.value().as_deref(), Some("1"));
        assert_eq!(std::fs::read(&file).expect("reads"), whole);
    }
    // Those of other commits go.
    scene.release("2").await;
    scene.turn().await.is("applied");
    assert!(!folder.exists());
}

#[tokio::test]
async fn what_cannot_be_told_is_not_done() {
    let scene = Scene::new().await;
    scene.release("1").await;
    // What the status is written to before it is renamed is in the way: as on a full disk, it is not written.
    let part = scene.state("status.json.part");
    std::fs::create_dir_all(part.join("x")).expect("makes");
    let failed = scene.run().await.expect_err("it fails");
    let text = windlass_report::render(&failed);
    assert!(text.starts_with("error: cannot write `"), "{text}");
    assert_eq!((scene.api.writes(), scene.status()), (vec![], None));
    std::fs::remove_dir_all(&part).expect("removes");
    scene.turn().await.is("applied");
}

#[tokio::test]
async fn a_status_of_another_agent_is_not_taken_for_none() {
    let scene = Scene::new().await;
    scene.release("1").await;
    scene.turn().await.is("applied");
    let path = scene.state("status.json");
    for (text, want) in [
        (json!({"version": 2}).to_string(), "version: got 2, want 1"),
        (
            String::new(),
            "EOF while parsing a value at line 1 column 0",
        ),
    ] {
        std::fs::write(&path, &text).expect("writes");
        let failed = scene.run().await.expect_err("it fails");
        let shown = windlass_report::render(&failed);
        let name = path.display();
        assert_eq!(
            shown,
            format!("error: cannot use status `{name}`\ncause: {want}\nhint: rm {name}\n")
        );
        // It is what somebody has to look at.
        assert_eq!(std::fs::read_to_string(&path).expect("reads"), text);
    }
}
