//! `set`: what it writes, what it asks, and what it says.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use super::{Bench, block_on, digest, short};
use crate::environment::Environment;

#[test]
fn the_first_pin() {
    block_on(async {
        let bench = Bench::new(vec![]).await;
        let image = bench.push("client", "one");
        let toolchain = "rustc 1.97.1, --config=release";
        let built = bench.repository();
        let more = [
            "--commit",
            &built,
            "--toolchain",
            toolchain,
            "--time=2026-11-29T15:23:33Z",
            "--who=ci@example.com",
        ];
        let notes = bench.set(&format!("client={image}"), &more).await;
        let (digest, short) = (digest("one"), short("one"));
        assert_eq!(
            notes,
            [
                format!(
                    "//services/client prod client: unpinned -> \
                     REGISTRY/demo/client@sha256:{short} (commit {})",
                    &built[..12]
                ),
                "next: bazel run //services/client:prod-shallow.diff".to_owned(),
                format!(
                    "      git commit -m \"client: prod runs {short}\" services/client/pins.json"
                ),
            ]
        );
        assert_eq!(
            bench.pins(),
            format!(
                r#"{{
  "prod": {{
    "client": {{
      "image": "REGISTRY/demo/client@{digest}",
      "commit": "{built}",
      "toolchain": "{toolchain}",
      "time": "2026-11-29T15:23:33Z",
      "who": "ci@example.com"
    }}
  }}
}}
"#
            )
        );
        // It asks for the image, and who proves it, and writes nothing there.
        assert_eq!(
            bench.registry.requests(),
            [
                format!("HEAD /v2/demo/client/manifests/kept_{short}"),
                format!("GET /v2/demo/client/referrers/{digest}"),
                format!("GET /v2/demo/client/manifests/{}", digest.replace(':', "-")),
            ]
        );
    });
}

#[test]
fn only_the_entry_is_edited() {
    block_on(async {
        let bench = Bench::new(vec![]).await;
        let (one, two) = (bench.push("client", "one"), bench.push("client", "two"));
        let other = "ghcr.io/acme/proxy@sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let entry = |image: &str| format!("{{\n      \"image\": \"{image}\"\n    }}");
        // The order is nobody's, and stays.
        let before = format!(
            "{{\n  \"staging\": {{\n    \"proxy\": {p},\n    \"client\": {c}\n  }},\n  \"prod\": {{\n    \"proxy\": {p},\n    \"client\": {c}\n  }}\n}}\n",
            p = entry(other),
            c = entry(&one),
        );
        bench.write("checkout/services/client/pins.json", &before);
        let notes = bench.set(&two, &[]).await;
        assert_eq!(
            notes[0],
            format!(
                "//services/client prod client: REGISTRY/demo/client@sha256:{} -> \
                 REGISTRY/demo/client@sha256:{}",
                short("one"),
                short("two")
            )
        );
        let (first, last) = before.rsplit_once(&one).expect("prod stands last");
        assert_eq!(bench.pins(), bench.shown(&format!("{first}{two}{last}")));
    });
}

#[test]
fn the_same_again_writes_nothing() {
    block_on(async {
        let bench = Bench::new(vec![]).await;
        let image = bench.push("client", "one");
        let built = bench.repository();
        let more = [
            "--commit",
            &built[..7],
            "--time=2026-11-29T15:23:33Z",
            "--who=ci",
        ];
        bench.set(&image, &more).await;
        let path = bench
            .folder
            .path()
            .join("checkout/services/client/pins.json");
        let file = || std::fs::metadata(&path).expect("there").ino();
        let (before, pins) = (file(), bench.pins());
        // What is known of the same image stays known.
        let notes = bench.set(&image, &[]).await;
        let short = short("one");
        assert_eq!(
            notes,
            [format!(
                "//services/client prod client: REGISTRY/demo/client@sha256:{short} \
                 (commit {}), as before; nothing was written",
                &built[..7]
            )]
        );
        assert_eq!((file(), bench.pins()), (before, pins));
    });
}

#[test]
fn a_new_image_is_not_of_the_old_commit() {
    block_on(async {
        let bench = Bench::new(vec![]).await;
        let (one, two) = (bench.push("client", "one"), bench.push("client", "two"));
        let built = bench.repository();
        bench.set(&one, &["--commit", &built, "--who=ci"]).await;
        bench.set(&two, &[]).await;
        assert!(!bench.pins().contains("commit"), "{}", bench.pins());
        assert!(!bench.pins().contains("who"), "{}", bench.pins());
    });
}

#[test]
fn the_key_that_is_meant() {
    block_on(async {
        let bench = Bench::new(vec![]).await;
        let (client, proxy) = (bench.push("client", "one"), bench.push("proxy", "two"));
        // By the repository: there is no pin yet.
        let notes = bench.set(&client, &[]).await;
        assert!(notes[0].starts_with("//services/client prod client: unpinned"));
        // By the only key that has a pin, wherever the image is.
        let name = format!("{}/acme/c", bench.registry.name());
        let there = digest("three");
        let kept = format!("kept_{}", short("three"));
        bench.registry.add_tag("acme/c", &kept, b"three");
        let notes = bench
            .set(&format!("{name}@{there}"), &["--repository", &name])
            .await;
        let want = format!("-> REGISTRY/acme/c@sha256:{}", short("three"));
        assert!(
            notes[0].starts_with("//services/client prod client: ") && notes[0].ends_with(&want),
            "{}",
            notes[0]
        );
        // By the repository among several.
        bench.set(&format!("proxy={proxy}"), &[]).await;
        let notes = bench.set(&client, &[]).await;
        assert!(notes[0].starts_with("//services/client prod client: REGISTRY/acme/c"));
    });
}

#[test]
fn a_tag_beside_the_digest_stays() {
    block_on(async {
        let bench = Bench::new(vec![]).await;
        let image = bench.push("client", "one").replace('@', ":v1@");
        bench.set(&image, &[]).await;
        let want = format!("REGISTRY/demo/client:v1@{}", digest("one"));
        assert!(bench.pins().contains(&want), "{}", bench.pins());
    });
}

#[test]
fn the_commit_is_typed_where_the_user_stands() {
    block_on(async {
        let bench = Bench::new(vec![]).await;
        let image = bench.push("client", "one");
        let root = bench.folder.path();
        let environment = Environment {
            working_directory: Some(root.join("checkout/services/server")),
            ..super::environment(root)
        };
        let arguments = [
            "set",
            "--service=//services/client:prod-deep",
            "--env=prod",
            "--image",
            &image,
        ];
        let argv0 = root.join("bin/pin");
        let cli = super::cli(&arguments);
        let outcome = crate::outcome(Some(argv0.as_os_str()), &cli, &environment);
        let notes = outcome.await.expect("sets").notes;
        assert!(
            notes[2].ends_with(" ../../services/client/pins.json"),
            "{}",
            notes[2]
        );
    });
}

#[test]
fn permissions_and_links_stay_and_nothing_is_left() {
    block_on(async {
        let bench = Bench::new(vec![]).await;
        let image = bench.push("client", "one");
        let folder = bench.folder.path().join("checkout/services/client");
        let (link, file) = (folder.join("pins.json"), folder.join("lock.json"));
        std::fs::rename(&link, &file).expect("renames");
        std::os::unix::fs::symlink("lock.json", &link).expect("links");
        let mode = std::fs::Permissions::from_mode(0o664);
        std::fs::set_permissions(&file, mode).expect("sets");
        // As somebody leaves it who is killed.
        std::fs::write(folder.join("lock.json.part"), "{\n  \"pro").expect("writes");
        bench.set(&image, &[]).await;
        assert!(bench.pins().contains(&digest("one")));
        assert!(link.symlink_metadata().expect("there").is_symlink());
        let mode = file.metadata().expect("there").mode();
        assert_eq!(mode & 0o777, 0o664);
        let entries = std::fs::read_dir(&folder).expect("lists");
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("lists").file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["BUILD.bazel", "lock.json", "pins.json"]);
    });
}

#[test]
fn a_digest_alone_asks_nobody() {
    block_on(async {
        let bench = Bench::new(vec![]).await;
        let image = format!("{}/demo/client@{}", bench.registry.name(), digest("one"));
        bench.set(&image, &["--digest-only"]).await;
        assert!(bench.pins().contains(&digest("one")));
        assert_eq!(bench.registry.requests(), [""; 0]);
    });
}

#[test]
fn a_protected_environment_wants_a_commit_of_the_main_branch() {
    block_on(async {
        let bench = Bench::new(vec![]).await;
        bench.protect(&["prod"]);
        let image = bench.push("client", "one");
        let main = bench.repository();
        bench.git(&["checkout", "--quiet", "-b", "side"]);
        let side = super::repository::commit(&bench.folder.path().join("checkout"), "Aside");
        let set = |env: &'static str, more: &[&str]| {
            let service = "--service=//services/client";
            let given = ["set", service, "--env", env, "--image", &image];
            let more = given.iter().chain(more);
            more.map(|&it| it.to_owned()).collect::<Vec<_>>()
        };
        let run = async |arguments: Vec<String>| {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            bench.run(&arguments).await
        };
        let refused = async |arguments| {
            let error = run(arguments).await.expect_err("is refused");
            bench.shown(&windlass_report::render(&error))
        };
        let said = refused(set("prod", &[])).await;
        let image = bench.shown(&image);
        assert_eq!(
            said,
            format!(
                "error: cannot pin `//services/client prod client`; nothing was written\n\
                 cause: environment `prod` is protected: got no commit that the image was built \
                 from\n\
                 hint: bazel run //tools/pin -- set --service //services/client --env prod \
                 --image client={image} --commit SHA\n"
            )
        );
        // Whatever the environment, a commit that is said must hold.
        for env in ["prod", "staging"] {
            let said = refused(set(env, &["--commit", &side])).await;
            let side = &side[..12];
            assert_eq!(
                said,
                format!(
                    "error: cannot pin `//services/client {env} client`; nothing was written\n\
                     cause: commit `{side}` is not on branch `main`\n\
                     hint: git branch --all --contains {side}\n"
                )
            );
        }
        assert_eq!(bench.pins(), "{}\n");
        run(set("staging", &[])).await.expect("is not protected");
        run(set("prod", &["--commit", &main]))
            .await
            .expect("is on main");
    });
}

#[test]
fn what_others_have_counts_before_our_own_branch() {
    block_on(async {
        let bench = Bench::new(vec![]).await;
        let image = bench.push("client", "one");
        let shared = bench.repository();
        bench.git(&["update-ref", "refs/remotes/origin/main", &shared]);
        let own = super::repository::commit(&bench.folder.path().join("checkout"), "Not pushed");
        // A tag of that name is no branch.
        bench.git(&["tag", "origin/main", &own]);
        let given = [
            "set",
            "--service=//services/client",
            "--env=prod",
            "--image",
            &image,
            "--commit",
        ];
        let with = |commit| given.into_iter().chain([commit]).collect::<Vec<_>>();
        let said = bench.refused(&with(&own)).await;
        assert!(said.contains("is not on branch `origin/main`"), "{said}");
        bench.run(&with(&shared)).await.expect("others have it");
    });
}
