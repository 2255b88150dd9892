//! `list`: which pins it finds, and how it shows them.

use std::path::Path;

use super::{Bench, block_on};

const A: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// A git checkout with three services, two of them with pins, and with what is no service.
async fn bench() -> Bench {
    let bench = Bench::new(vec![]).await;
    let root = bench.folder.path().join("checkout");
    let git = |arguments: &[&str]| super::repository::git(&root, arguments);
    git(&["init", "--quiet"]);
    let pin = |image: &str| format!("{{\"image\": \"localhost:31000/demo/{image}@{A}\"");
    let redis = format!(
        r#"{{"prod": {{"redis": {}, "commit": "3f9c21a03f9c21a0", "toolchain": "rustc 1"}},
            "bootstrap": {}}}}}, "dev": {{"redis": {}}}}}}}"#,
        pin("redis"),
        pin("bootstrap"),
        pin("redis")
    );
    bench.write("checkout/services/redis/BUILD.bazel", "");
    bench.write("checkout/services/redis/pins.json", &redis);
    bench.write("checkout/apps/shop/BUILD", "");
    bench.write(
        "checkout/apps/shop/pins.json",
        &format!(r#"{{"staging": {{"shop": {}}}}}}}"#, pin("shop")),
    );
    // No package, another workspace, a folder that Bazel does not look at, and what git ignores.
    let not_pins = "not read";
    bench.write("checkout/docs/pins.json", not_pins);
    bench.write("checkout/e2e/own/MODULE.bazel", "");
    bench.write("checkout/e2e/own/app/BUILD.bazel", "");
    bench.write("checkout/e2e/own/app/pins.json", not_pins);
    bench.write("checkout/.bazelignore", "# Not ours.\nvendor/other\n");
    bench.write("checkout/vendor/other/BUILD.bazel", "");
    bench.write("checkout/vendor/other/pins.json", not_pins);
    bench.write("checkout/.gitignore", "/out\n");
    bench.write("checkout/out/BUILD.bazel", "");
    bench.write("checkout/out/pins.json", not_pins);
    // Bazel's own links, which not everybody ignores.
    let link = bench.folder.path().join("checkout/bazel-bin");
    std::os::unix::fs::symlink("services", link).expect("links");
    // Deleted, but git still has it.
    bench.write("checkout/gone/BUILD.bazel", "");
    bench.write("checkout/gone/pins.json", "{}");
    git(&["add", "gone"]);
    let gone = bench.folder.path().join("checkout/gone/pins.json");
    std::fs::remove_file(gone).expect("removes");
    bench
}

async fn list(bench: &Bench, more: &[&str]) -> String {
    let arguments: Vec<_> = ["list"].iter().chain(more).copied().collect();
    bench.run(&arguments).await.expect("lists").data
}

#[test]
fn all_services_and_what_has_no_pin() {
    block_on(async {
        let bench = bench().await;
        assert_eq!(
            list(&bench, &[]).await,
            "\
service            env      image      repository                      digest        commit
//apps/shop        prod     shop       -                               unpinned      -
//apps/shop        staging  shop       localhost:31000/demo/shop       ba7816bf8f01  -
//apps/shop        dev      shop       -                               unpinned      -
//services/client  prod     -          -                               unpinned      -
//services/client  staging  -          -                               unpinned      -
//services/client  dev      -          -                               unpinned      -
//services/redis   prod     redis      localhost:31000/demo/redis      ba7816bf8f01  3f9c21a03f9c
//services/redis   prod     bootstrap  localhost:31000/demo/bootstrap  ba7816bf8f01  -
//services/redis   staging  redis      -                               unpinned      -
//services/redis   staging  bootstrap  -                               unpinned      -
//services/redis   dev      redis      localhost:31000/demo/redis      ba7816bf8f01  -
//services/redis   dev      bootstrap  -                               unpinned      -
"
        );
        // It asks nobody.
        assert!(bench.registry.requests().is_empty());
    });
}

#[test]
fn a_file_whose_merge_is_not_settled_is_one() {
    block_on(async {
        let bench = Bench::new(vec![]).await;
        let root = bench.folder.path().join("checkout");
        bench.repository();
        bench.git(&["checkout", "--quiet", "-b", "side"]);
        for branch in ["side", "main"] {
            bench.git(&["checkout", "--quiet", branch]);
            let pin = format!("{{\"image\": \"localhost:31000/demo/{branch}@{A}\"}}");
            bench.service("client", &format!(r#"{{"prod": {{"client": {pin}}}}}"#));
            super::repository::commit(&root, branch);
        }
        let (is_merged, _) = super::repository::try_git(&root, &["merge", "--quiet", "side"]);
        assert!(!is_merged);
        // Somebody has said what it is to be, and not yet told git.
        bench.service("client", "{}\n");
        assert_eq!(list(&bench, &["--env=prod"]).await.lines().count(), 2);
    });
}

#[test]
fn some_of_them() {
    block_on(async {
        let bench = bench().await;
        let more = [
            "--service=//services/client",
            "--service=//apps/shop",
            "--env=staging",
        ];
        assert_eq!(
            list(&bench, &more).await,
            "\
service            env      image  repository                 digest        commit
//services/client  staging  -      -                          unpinned      -
//apps/shop        staging  shop   localhost:31000/demo/shop  ba7816bf8f01  -
"
        );
    });
}

#[test]
fn for_machines() {
    block_on(async {
        let bench = bench().await;
        let more = [
            "--service=//services/redis",
            "--env=prod",
            "--env=staging",
            "--output=json",
        ];
        let got: serde_json::Value =
            serde_json::from_str(&list(&bench, &more).await).expect("JSON");
        let row = |env: &str, key: &str, commit: Option<&str>, toolchain: Option<&str>| {
            let pinned = env == "prod";
            let repository = format!("localhost:31000/demo/{key}");
            serde_json::json!({
                "service": "//services/redis", "env": env, "key": key,
                "image": pinned.then(|| format!("{repository}@{A}")),
                "repository": pinned.then_some(&repository),
                "digest": pinned.then_some(A),
                "commit": commit, "toolchain": toolchain, "time": null, "who": null,
            })
        };
        let want = serde_json::json!({
            "version": 1,
            "pins": [
                row("prod", "redis", Some("3f9c21a03f9c21a0"), Some("rustc 1")),
                row("prod", "bootstrap", None, None),
                row("staging", "redis", None, None),
                row("staging", "bootstrap", None, None),
            ],
        });
        assert_eq!(got, want);
    });
}

#[test]
fn no_services() {
    block_on(async {
        let bench = bench().await;
        for name in ["services", "apps", "gone"] {
            let path = Path::new("checkout").join(name);
            std::fs::remove_dir_all(bench.folder.path().join(path)).expect("removes");
        }
        let outcome = bench.run(&["list"]).await.expect("lists");
        assert_eq!(outcome.data.lines().count(), 1);
        assert_eq!(outcome.notes, ["no package here has a pins.json"]);
    });
}
