//! What a turn makes of a commit.

use serde_json::json;
use windlass_pins::{Commit, Who};
use windlass_report::Explain as _;
use windlass_report::render;

use super::bench::{Bench, ENVIRONMENTS, release_of};
use crate::publish::Error;

#[tokio::test]
async fn the_first_turn_pins_and_releases_all() {
    let bench = Bench::new(vec![]).await;
    let built = bench.head();
    bench.publish().await.expect("publishes");
    bench.holds().await;
    let commit = bench.head();
    assert_eq!(bench.ask(&["rev-parse", "main^"]), built);
    assert_eq!(
        bench.ask(&["log", "-1", "--format=%s by %ae", "main"]),
        format!(
            "dev runs commit {}, of 2 services by ci@example.com",
            &built[..12]
        )
    );
    let pin = bench.pin("client", "dev").expect("it is pinned");
    assert_eq!(pin.commit.as_ref().map(Commit::as_str), Some(&*built));
    let toolchain = pin.toolchain.as_ref().expect("is noted");
    assert_eq!(toolchain.as_str(), "rustc 1.97.1, --config=release");
    assert_eq!(pin.who.as_ref().map(Who::as_str), Some("ci@example.com"));
    assert!(pin.time.is_some());
    let name = bench.registry.name();
    assert_eq!(
        pin.image().repository().to_string(),
        format!("{name}/shop/client")
    );
    // No other environment runs it, and nothing else has changed.
    assert_eq!(bench.pin("client", "staging"), None);
    let changed = bench.ask(&["diff", "--name-only", "main^", "main"]);
    assert_eq!(changed.lines().count(), 4, "{changed}");

    let status = bench.status();
    assert_eq!(status["head"], *built);
    assert_eq!(status["commit"], *commit);
    assert_eq!(status["pushedImages"], 2);
    assert_eq!(status["pins"][0]["service"], "//services/client");
    assert_eq!(status["pins"][0]["key"], "client");
    assert_eq!(status["pins"][0]["image"], pin.image().to_string());
    let envs: Vec<_> = status["releases"]
        .as_array()
        .expect("a list")
        .iter()
        .collect();
    assert_eq!(envs.len(), 3);
    for (row, env) in envs.iter().zip(ENVIRONMENTS) {
        let digest = bench.release(env, &commit).expect("it is there");
        let image = format!("{name}/{}@{digest}", release_of(env));
        let target = format!("//services/client:{env}-deep");
        assert_eq!(
            **row,
            json!({"env": env, "target": target, "image": image, "new": true})
        );
    }
    assert_eq!(status["errors"], json!([]));
}

#[tokio::test]
async fn with_nothing_changed_nothing_is_written() {
    let bench = Bench::new(vec![]).await;
    bench.publish().await.expect("publishes");
    let head = bench.head();
    assert!(bench.wrote());
    bench.publish().await.expect("publishes");
    assert!(!bench.wrote());
    assert_eq!(bench.head(), head);
    let status = bench.status();
    assert_eq!(
        (&status["head"], &status["commit"]),
        (&json!(head), &json!(head))
    );
    assert_eq!(status["pins"], json!([]));
    let releases = status["releases"].as_array().expect("a list");
    assert!(releases.iter().all(|it| it["new"] == false), "{releases:?}");
    // A publisher on another machine, which remembers nothing, does not either.
    std::fs::remove_dir_all(bench.path("state")).expect("removes");
    bench.publish().await.expect("publishes");
    assert!(!bench.wrote());
    assert_eq!(bench.head(), head);
}

#[tokio::test]
async fn only_what_changed_is_pinned() {
    let bench = Bench::new(vec![]).await;
    bench.publish().await.expect("publishes");
    let server = bench.pin("server", "dev");
    let edited = bench.edit("client", "two");
    bench.publish().await.expect("publishes");
    bench.holds().await;
    assert_eq!(bench.pin("server", "dev"), server);
    let pin = bench.pin("client", "dev").expect("it is pinned");
    assert_eq!(pin.commit.as_ref().map(Commit::as_str), Some(&*edited));
    assert_eq!(
        bench.ask(&["log", "-1", "--format=%s", "main"]),
        format!("client: dev runs commit {}", &edited[..12])
    );
    // What builds the same image is no news, but each commit has its releases.
    bench.write("README.md", "more");
    let documented = bench.commit("Say more");
    bench.publish().await.expect("publishes");
    bench.holds().await;
    assert_eq!(bench.head(), documented);
}

#[tokio::test]
async fn an_image_that_is_promoted_already_keeps_its_commit() {
    let bench = Bench::new(vec![]).await;
    bench.publish().await.expect("publishes");
    let first = bench.pin("client", "dev");
    // `prod` gets it, and `dev` goes on, and back.
    bench.pull();
    let text = bench.text("services/client/pins.json");
    let mut pins: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    pins["prod"] = pins["dev"].clone();
    bench.write("services/client/pins.json", &format!("{pins:#}\n"));
    bench.commit("client: prod runs what dev runs");
    bench.edit("client", "two");
    bench.publish().await.expect("publishes");
    assert_ne!(bench.pin("client", "dev"), first);
    bench.edit("client", "one");
    bench.publish().await.expect("publishes");
    bench.holds().await;
    assert_eq!(bench.pin("client", "dev"), first);
    assert_eq!(bench.pin("client", "prod"), first);
}

#[tokio::test]
async fn a_bad_commit_changes_no_pin_and_the_next_one_goes_on() {
    let bench = Bench::new(vec![]).await;
    bench.publish().await.expect("publishes");
    let pins = ["client", "server"].map(|name| bench.pin(name, "dev"));
    bench.write("broken", "");
    let bad = bench.edit("client", "two");
    let error = bench.publish().await.expect_err("does not build");
    let said = format!(
        "error: commit `{}`: its images do not build\ncause: `bazel build`: exit status: 1\n",
        &bad[..12]
    );
    assert_eq!(render(&error), said);
    assert_eq!(error.exit(), windlass_report::Exit::Input);
    assert_eq!(bench.head(), bad);
    assert_eq!(
        ["client", "server"].map(|name| bench.pin(name, "dev")),
        pins
    );
    assert_eq!(bench.status()["errors"], json!([said]));
    // The others run what is pinned, and can be rolled back meanwhile.
    assert_eq!(bench.release("dev", &bad), None);
    assert!(bench.release("prod", &bad).is_some());
    bench.remove("broken");
    let good = bench.commit("Mend it");
    bench.publish().await.expect("publishes");
    bench.holds().await;
    let pin = bench.pin("client", "dev").expect("it is pinned");
    assert_eq!(pin.commit.as_ref().map(Commit::as_str), Some(&*good));
}

#[tokio::test]
async fn a_release_that_does_not_build_stops_no_other() {
    let bench = Bench::new(vec![]).await;
    bench.write("broken-staging", "");
    bench.commit("staging is no good");
    let error = bench.publish().await.expect_err("does not build");
    assert!(
        render(&error).contains("`: releases of `staging` do not build\n"),
        "{error}"
    );
    let head = bench.head();
    assert!(bench.pin("client", "dev").is_some());
    assert!(bench.release("prod", &head).is_some());
    assert!(bench.release("dev", &head).is_some());
    assert_eq!(bench.release("staging", &head), None);
    bench.pull();
    bench.remove("broken-staging");
    bench.commit("Mend it");
    bench.publish().await.expect("publishes");
    bench.holds().await;
}

#[tokio::test]
async fn tests_that_fail_stop_a_commit() {
    let bench = Bench::new(vec![]).await;
    bench.write("fails-test", "3");
    let bad = bench.commit("A test fails");
    bench.publish().await.expect("nobody asked for tests");
    bench.edit("client", "two");
    let head = bench.head();
    assert_ne!(head, bad);
    let error = bench.publish_with(&["--test=//..."], |_, _| ()).await;
    let error = error.expect_err("a test fails");
    assert!(matches!(&error, Error::Refused { what, .. } if what == "its tests fail"));
    assert_eq!(bench.head(), head);
    bench.remove("fails-test");
    bench.commit("Mend it");
    bench
        .publish_with(&["--test=//..."], |_, _| ())
        .await
        .expect("publishes");
    bench.holds().await;
}

#[tokio::test]
async fn bazel_is_asked_as_for_a_release_and_with_the_flags() {
    let bench = Bench::new(vec![]).await;
    bench
        .publish_with(&["--", "--disk_cache=/cache"], |_, _| ())
        .await
        .expect("publishes");
    let log = std::fs::read_to_string(bench.path("state/bazel/log")).expect("it was asked");
    let is_release = |line: &&str| !line.starts_with("query ");
    assert!(
        log.lines()
            .all(|line| line.contains(" --disk_cache=/cache"))
    );
    assert!(
        log.lines()
            .filter(is_release)
            .all(|line| line.contains(" --config=release ")),
        "{log}"
    );
}
