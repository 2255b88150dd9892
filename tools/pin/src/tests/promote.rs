//! `promote`: what it takes along, what it asks and refuses, and what it says.

use super::{Bench, block_on, digest, entry, lock, short};

/// What publishers say beside an image, in a registry that lists it under a tag.
pub fn publish(bench: &Bench, name: &str, manifest: &str, revisions: &[&str]) {
    let statement = |revision: &&str| {
        serde_json::json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": digest(revision),
            "size": 1,
            "artifactType": "application/vnd.windlass.origin.v1",
            "annotations": {"org.opencontainers.image.revision": revision},
        })
    };
    let index = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": revisions.iter().map(statement).collect::<Vec<_>>(),
    });
    let tag = digest(manifest).replace(':', "-");
    let repository = format!("demo/{name}");
    let index = index.to_string();
    bench.registry.add_tag(&repository, &tag, index.as_bytes());
}

const TO_STAGING: [&str; 3] = ["promote", "--from=dev", "--to=staging"];

fn to_staging<'a>(more: &[&'a str]) -> Vec<&'a str> {
    TO_STAGING.iter().chain(more).copied().collect()
}

/// Three services with an image in `dev`, of which `server` has another one in `staging`; gives
/// the commit that all were built from.
async fn bench() -> (Bench, String) {
    let bench = Bench::new(vec![]).await;
    let built = bench.repository();
    let origin = [
        ("commit", &*built),
        ("toolchain", "rustc 1"),
        ("time", "2026-11-29T15:23:33Z"),
        ("who", "ci"),
    ];
    for name in ["client", "redis", "server"] {
        let pin = entry(&bench.push(name, name), &origin);
        let mut environments = vec![("dev", vec![(name, pin)])];
        if name == "server" {
            let old = entry(&bench.push(name, "old"), &[]);
            environments.insert(0, ("staging", vec![(name, old)]));
        }
        let environments: Vec<_> = environments.iter().map(|(env, it)| (*env, &**it)).collect();
        bench.service(name, &lock(&environments));
    }
    bench.service("web", "{}\n");
    super::repository::commit(&bench.folder.path().join("checkout"), "Pins of dev");
    (bench, built)
}

#[test]
fn the_pins_of_one_service() {
    block_on(async {
        let (bench, built) = bench().await;
        let notes = bench
            .notes(&to_staging(&["--service=//services/server"]))
            .await;
        let (new, old, commit) = (short("server"), short("old"), &built[..12]);
        assert_eq!(
            notes,
            [
                format!(
                    "//services/server staging server: REGISTRY/demo/server@sha256:{old} -> \
                     REGISTRY/demo/server@sha256:{new} (commit {commit})"
                ),
                "next: bazel run //services/server:staging-shallow.diff".to_owned(),
                "      git commit -m \"server: staging runs what dev runs\" \
                 services/server/pins.json"
                    .to_owned(),
            ]
        );
        // All that is known of the image goes with it, and nothing else changes.
        let image = format!("REGISTRY/demo/server@{}", digest("server"));
        let origin = [
            ("commit", &*built),
            ("toolchain", "rustc 1"),
            ("time", "2026-11-29T15:23:33Z"),
            ("who", "ci"),
        ];
        let pin = || [("server", entry(&image, &origin))];
        let want = lock(&[("staging", &pin()), ("dev", &pin())]);
        assert_eq!(bench.pins_of("server"), want);
        // It asks for the image, and what is said of it: from where it is, and who proves that.
        let mut asked = bench.registry.requests();
        asked.sort();
        asked.dedup();
        let digest = digest("server");
        assert_eq!(
            asked,
            [
                format!("GET /v2/demo/server/manifests/{}", digest.replace(':', "-")),
                format!("GET /v2/demo/server/referrers/{digest}"),
                format!("HEAD /v2/demo/server/manifests/kept_{new}"),
            ]
        );
    });
}

#[test]
fn again_there_is_nothing_to_do() {
    block_on(async {
        let (bench, built) = bench().await;
        let arguments = to_staging(&["--all", "--commit"]);
        bench.notes(&arguments).await;
        let head = bench.git(&["rev-parse", "HEAD"]);
        let notes = bench.notes(&arguments).await;
        let as_before = |name: &str| {
            format!(
                "//services/{name} staging {name}: REGISTRY/demo/{name}@sha256:{} (commit {}), as \
                 before",
                short(name),
                &built[..12]
            )
        };
        assert_eq!(
            notes,
            [
                as_before("client"),
                as_before("redis"),
                as_before("server"),
                "//services/web dev: unpinned".to_owned(),
                "nothing to promote; nothing was written".to_owned(),
            ]
        );
        assert_eq!(bench.git(&["rev-parse", "HEAD"]), head);
        assert_eq!(bench.git(&["status", "--porcelain"]), "");
    });
}

#[test]
fn of_many_services_some_are_told_apart() {
    block_on(async {
        let (bench, _) = bench().await;
        for number in 0..20 {
            let name = format!("s{number}");
            let pin = entry(&bench.push(&name, &name), &[]);
            bench.service(&name, &lock(&[("dev", &[(&*name, pin)])]));
        }
        let notes = bench.notes(&to_staging(&["--all"])).await;
        let next = notes.iter().position(|note| note.starts_with("next: "));
        let next = &notes[next.expect("says what to type")..];
        assert_eq!(next.len(), 10);
        // The three of the bench, too.
        assert_eq!(next[8], "      ... and of 15 more");
        assert!(next[9].starts_with("      git commit -m "));
    });
}

#[test]
fn what_a_target_reaches() {
    block_on(async {
        let (bench, _) = bench().await;
        // It says what it was asked, and reaches a package without pins, and another repository.
        bench.program(
            "checkout/bazelw",
            "#!/bin/sh\necho \"$@\" > asked\n\
             printf 'services/server\\nservices/redis\\nprod\\n@other//x\\n'\n",
        );
        let notes = bench
            .notes(&to_staging(&["--deep=//services/server:dev-deep"]))
            .await;
        let head = |note: &String| note.split(": ").next().expect("a head").to_owned();
        let heads: Vec<_> = notes.iter().map(head).collect();
        assert_eq!(
            heads,
            [
                "//services/redis staging redis",
                "//services/server staging server",
                "next",
                "      git commit -m \"staging runs what dev runs, of 2 services\" \
                 services/redis/pins.json services/server/pins.json",
            ]
        );
        assert_eq!(
            notes[2],
            "next: bazel run //services/server:staging-deep.diff"
        );
        let asked = bench.folder.path().join("checkout/asked");
        let asked = std::fs::read_to_string(asked).expect("it was asked");
        assert!(
            asked.starts_with("query --noimplicit_deps --notool_deps "),
            "{asked}"
        );
        let query = "kind('^k8s_object rule$', deps('//services/server:dev-deep'))\n";
        assert!(asked.ends_with(query), "{asked}");
        assert!(!bench.pins_of("client").contains("staging"));
    });
}

#[test]
fn a_target_that_no_service_makes_and_a_name_with_spaces() {
    block_on(async {
        let (bench, _) = bench().await;
        // The root's own package, too.
        let pin = |name: &str| [("any", entry(&bench.push("any", name), &[]))];
        bench.service("my web", &lock(&[("dev", &pin("web"))]));
        bench.write("checkout/BUILD.bazel", "");
        bench.write("checkout/pins.json", &lock(&[("dev", &pin("root"))]));
        let bazelw = "#!/bin/sh\nprintf 'services/my web\\n\\n'\n";
        bench.program("checkout/bazelw", bazelw);
        let notes = bench.notes(&to_staging(&["--deep=//apps:shop"])).await;
        assert_eq!(
            notes[2..],
            [
                "next: bazel run //:staging-shallow.diff",
                "      bazel run \"//services/my web:staging-shallow.diff\"",
                "      git commit -m \"staging runs what dev runs, of 2 services\" pins.json \
                 \"services/my web/pins.json\"",
            ]
        );
    });
}

#[test]
fn what_it_does_to_manifests() {
    block_on(async {
        for (flags, against) in [
            (&["--diff"][..], "--against=HEAD"),
            (&["--diff", "--commit"], "--against=PARENT --at=HEAD"),
            (
                &["--diff", "--branch=staging"],
                "--against=PARENT --at=staging",
            ),
        ] {
            let (bench, _) = bench().await;
            let bazelw = "#!/bin/sh\necho \"$@\"\n";
            bench.program("checkout/bazelw", bazelw);
            let git = crate::git::Git::new(
                &bench.folder.path().join("checkout"),
                std::env::var_os("PATH"),
            );
            let against = against.replace("PARENT", &git.head().expect("a head"));
            let arguments = [&["--all", "--digest-only"][..], flags].concat();
            let outcome = bench.run(&to_staging(&arguments)).await.expect("runs");
            let want = "run --noshow_progress --ui_event_filters=-info //:rendered --";
            assert_eq!(outcome.data, format!("{want} {against}\n"));
        }
    });
}

#[test]
fn an_environment_with_a_registry_of_its_own() {
    block_on(async {
        let (bench, _) = bench().await;
        let elsewhere = windlass_oci_registry_fake::Registry::start(vec![]).await;
        let request = bench.shown(&super::request(&bench.registry.name()));
        let mut request: serde_json::Value = serde_json::from_str(&request).expect("JSON");
        for environment in request["environments"].as_array_mut().expect("a list") {
            let is_staging = environment["name"] == "staging";
            let registry = if is_staging {
                &elsewhere
            } else {
                &bench.registry
            };
            environment["registry"] = registry.name().into();
        }
        bench.write("bin/pin.json", &request.to_string());
        let arguments = to_staging(&["--service=//services/client"]);
        let said = bench.refused(&arguments).await;
        let want = format!(
            "cause: registry `{}` has no image `demo/client@{}`\n",
            elsewhere.name(),
            digest("client")
        );
        assert!(said.contains(&want), "{said}");
        let tag = format!("kept_{}", short("client"));
        elsewhere.add_tag("demo/client", &tag, b"client");
        bench.notes(&arguments).await;
        let image = format!("{}/demo/client@{}", elsewhere.name(), digest("client"));
        assert!(bench.pins_of("client").contains(&image));
    });
}

#[test]
fn one_that_does_not_hold_stops_all() {
    block_on(async {
        let (bench, built) = bench().await;
        let images = ["client", "redis", "server", "web"];
        let before = images.map(|name| bench.pins_of(name));
        let arguments = to_staging(&["--all"]);
        // The last of them was built from something else, says who published it.
        publish(&bench, "server", "server", &["0000000000000000"]);
        let said = bench.refused(&arguments).await;
        let commit = &built[..12];
        assert_eq!(
            said,
            format!(
                "error: cannot pin `//services/server staging server`; nothing was written\n\
                 cause: commit: got `{commit}`, and the image's publisher says `000000000000`\n\
                 hint: git log -1 000000000000\n"
            )
        );
        assert_eq!(images.map(|name| bench.pins_of(name)), before);
        // One that was built from both is as good.
        publish(&bench, "server", "server", &["0000000000000000", &built]);
        bench.notes(&arguments).await;
        assert!(bench.pins_of("server").contains("staging"));
    });
}

#[test]
fn a_digest_alone_asks_nobody() {
    block_on(async {
        let (bench, _) = bench().await;
        publish(&bench, "server", "server", &["0000000000000000"]);
        bench.registry.requests();
        bench.notes(&to_staging(&["--all", "--digest-only"])).await;
        assert_eq!(bench.registry.requests(), [""; 0]);
        for name in ["client", "redis", "server"] {
            assert_eq!(bench.pins_of(name).matches(&digest(name)).count(), 2);
        }
    });
}

#[test]
fn a_protected_environment_takes_no_image_without_a_commit() {
    block_on(async {
        let (bench, _) = bench().await;
        bench.protect(&["staging"]);
        let image = bench.push("web", "web");
        bench.service("web", &lock(&[("dev", &[("web", entry(&image, &[]))])]));
        let said = bench
            .refused(&to_staging(&["--all", "--digest-only"]))
            .await;
        let want = "error: cannot pin `//services/web staging web`; nothing was written\n\
                    cause: environment `staging` is protected: got no commit that the image was \
                    built from\n";
        assert!(said.starts_with(want), "{said}");
        // It is `dev` that does not say it.
        let hint = "hint: bazel run //tools/pin -- set --service //services/web --env dev --image";
        assert!(said.contains(hint), "{said}");
        assert!(!bench.pins_of("client").contains("staging"));
    });
}
