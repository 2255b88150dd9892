//! What goes wrong outside, and what comes of it: no pin of what is not there, and the next turn makes good
//! what this one could not.

use windlass_oci_registry_fake::What;
use windlass_report::{Exit, Explain as _};

use super::bench::{Bench, git, meanwhile};
use crate::publish::Error;

#[tokio::test]
async fn cut_off_at_any_request_the_next_turn_converges() {
    let bench = Bench::new(vec![]).await;
    bench.publish().await.expect("publishes");
    let mut well = 0;
    loop {
        bench.edit("client", &format!("after {well} requests"));
        let before = bench.head();
        // No answer that is repeated, or that means something else.
        bench.registry.fail_after(well, What::Status(409, "", ""));
        let cut = bench.publish().await;
        let has_failed = bench.registry.has_failed();
        if !has_failed {
            cut.expect("publishes");
            break;
        }
        if let Err(error) = &cut {
            assert_eq!(error.exit(), Exit::Registry, "{error}");
            let (now, pin) = (bench.head(), bench.pin("client", "dev").expect("a pin"));
            // A pin is changed only when all of the images are there.
            let is_pinned = pin.commit.is_some_and(|commit| commit.as_str() == before);
            assert_eq!(is_pinned, now != before);
        }
        bench.publish().await.expect("goes on");
        bench.holds().await;
        // Some of all: they are alike.
        well += 3;
    }
    // It was cut off in images, in what is said of them, and in releases.
    assert!(well > 20, "{well}");
}

#[tokio::test]
async fn a_registry_that_is_gone_changes_no_pin() {
    let bench = Bench::new(vec![]).await;
    let head = bench.head();
    let gone = bench.publish_with(&[], |request, _| {
        for environment in &mut request.environments {
            // Nobody listens there.
            environment.registry = "127.0.0.1:1".parse().expect("a registry");
        }
    });
    let error = gone.await.expect_err("nobody is there");
    assert_eq!(error.exit(), Exit::Registry, "{error}");
    assert_eq!(bench.head(), head);
    bench.publish().await.expect("publishes");
    bench.holds().await;
}

#[tokio::test]
async fn somebody_else_is_quicker() {
    let bench = Bench::new(vec![]).await;
    meanwhile(&bench);
    let before = bench.head();
    let error = bench.publish().await.expect_err("is too late");
    let theirs = bench.head();
    assert_ne!(theirs, before);
    let said = format!(
        "branch `main` was commit `{}` and is `{}`; nothing was pinned",
        &before[..12],
        &theirs[..12]
    );
    assert_eq!(error.to_string(), said);
    assert_eq!(error.exit(), Exit::Preflight);
    assert_eq!(bench.pin("client", "dev"), None);
    bench.publish().await.expect("publishes");
    bench.holds().await;
    bench.ask(&["merge-base", "--is-ancestor", &theirs, "main"]);
}

#[tokio::test]
async fn the_remote_refuses_or_is_gone() {
    let bench = Bench::new(vec![]).await;
    let head = bench.head();
    bench.ask(&["config", "receive.hideRefs", "refs/heads/main"]);
    let error = bench.publish().await.expect_err("is refused");
    assert_eq!(error.to_string(), "cannot push pins to branch `main`");
    assert_eq!(bench.head(), head);
    bench.ask(&["config", "--unset", "receive.hideRefs"]);
    std::fs::rename(bench.path("remote.git"), bench.path("away")).expect("moves");
    let error = bench.publish().await.expect_err("nobody is there");
    assert_eq!(error.to_string(), "cannot fetch branch `main`");
    assert_eq!(bench.status()["head"], serde_json::Value::Null);
    std::fs::rename(bench.path("away"), bench.path("remote.git")).expect("moves");
    bench.publish().await.expect("publishes");
    bench.holds().await;
}

#[tokio::test]
async fn a_branch_that_was_forced_is_followed() {
    let bench = Bench::new(vec![]).await;
    let first = bench.head();
    bench.publish().await.expect("publishes");
    bench.edit("client", "two");
    bench.publish().await.expect("publishes");
    let pinned = bench.head();
    let pin = bench.pin("client", "dev").expect("it is pinned");
    // Another history, with the same programs and the same pins.
    let work = bench.path("work");
    bench.pull();
    git(&work, &["reset", "--quiet", "--soft", &first]);
    git(&work, &["commit", "--quiet", "--message=All at once"]);
    git(
        &work,
        &["push", "--quiet", "--force", "origin", "HEAD:main"],
    );
    let forced = bench.head();
    assert_ne!(forced, pinned);
    bench.publish().await.expect("publishes");
    bench.holds().await;
    let now = bench.pin("client", "dev").expect("it is pinned");
    assert_eq!(now.digest(), pin.digest());
    // What it was built from is on no branch any more.
    assert_eq!(now.commit.map(|it| it.to_string()), Some(forced));
}

#[tokio::test]
async fn whatever_is_left_in_the_clone_goes() {
    let bench = Bench::new(vec![]).await;
    bench.publish().await.expect("publishes");
    let head = bench.head();
    let clone = bench.path("state/clone");
    // A commit that was not pushed, edits, a merge that is not settled, and locks of a killed git.
    std::fs::write(clone.join("services/client/pins.json"), "<<<<<<< ours\n").expect("writes");
    git(&clone, &["commit", "--quiet", "--all", "--message=Left"]);
    std::fs::write(clone.join("services/server/source"), "left").expect("writes");
    std::fs::create_dir_all(clone.join("services/left")).expect("makes");
    std::fs::write(clone.join("services/left/pins.json"), "{}").expect("writes");
    std::fs::write(clone.join("services/left/BUILD.bazel"), "").expect("writes");
    for lock in [
        "index.lock",
        "HEAD.lock",
        "config.lock",
        "refs/remotes/origin/main.lock",
    ] {
        std::fs::write(clone.join(".git").join(lock), "").expect("writes");
    }
    bench.registry.requests();
    bench.publish().await.expect("publishes");
    assert!(!bench.wrote());
    assert_eq!(bench.head(), head);
    bench.holds().await;
}

#[tokio::test]
async fn pins_that_cannot_be_merged_are_reported() {
    let bench = Bench::new(vec![]).await;
    bench.publish().await.expect("publishes");
    bench.pull();
    // Somebody has committed a conflict.
    let text = bench.text("services/server/pins.json");
    bench.write(
        "services/server/pins.json",
        &format!("<<<<<<< ours\n{text}=======\n>>>>>>> theirs\n"),
    );
    bench.edit("client", "two");
    let head = bench.head();
    let error = bench.publish().await.expect_err("no pins");
    assert_eq!(
        error.to_string(),
        "pins `services/server/pins.json` do not hold"
    );
    assert_eq!(bench.head(), head);
    assert!(matches!(error, Error::Pins(_)));
    bench.write("services/server/pins.json", &text);
    bench.commit("Settle it");
    bench.publish().await.expect("publishes");
    bench.holds().await;
}

#[tokio::test]
async fn one_publisher_at_a_time() {
    let bench = Bench::new(vec![]).await;
    let held = std::fs::File::open(bench.path("state")).expect("opens");
    held.lock().expect("locks");
    let error = bench.publish().await.expect_err("is held");
    assert!(matches!(error, Error::Busy { .. }), "{error:?}");
    drop(held);
    bench.publish().await.expect("publishes");
}
