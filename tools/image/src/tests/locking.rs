//! Locks of bases: what is written into them, and what is built on them.

use super::bench::Bench;
use super::taking::{AMD64, ARM64, OUT, both, digest, named};
use serde_json::{Value, json};
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use windlass_oci_reference::Digest;
use windlass_oci_registry_fake::{Fault, Registry, What};

/// A registry with what [`both`] makes, and the image's name without tag or digest.
async fn of_both(bench: &Bench) -> (Registry, String) {
    let registry = Registry::start(vec![]).await;
    for name in ["amd64", "arm64"] {
        registry.add_blob("library/base", &bench.read(&format!("{name}.config")));
        registry.add_manifest("library/base", &bench.read(&format!("{name}.manifest")));
    }
    registry.add_manifest("library/base", &bench.read("both.manifest"));
    let image = format!("{}/library/base", registry.name());
    (registry, image)
}

/// What a lock has images for.
fn locked(bench: &Bench) -> Vec<String> {
    let lock: Value = bench.json("base.lock");
    let images = lock["index"]["manifests"].as_array().expect("an array");
    let platform = |image: &Value| {
        let parts = ["os", "architecture", "variant"].map(|part| &image["platform"][part]);
        let parts = parts.iter().filter_map(|part| part.as_str());
        parts.collect::<Vec<_>>().join("/")
    };
    images.iter().map(platform).collect()
}

#[tokio::test]
async fn a_lock_keeps_its_platforms() {
    let bench = tokio::task::spawn_blocking(both).await.expect("makes");
    let (_registry, image) = of_both(&bench).await;
    let image = format!("{image}@{}", digest(&bench, "both.descriptor"));
    let pull = async |arguments: &str| {
        let arguments = format!("pull {arguments} --lock DIR/base.lock");
        bench.ran(&arguments).await.expect("locks");
        locked(&bench)
    };
    let asked = format!("{image} --platform linux/arm64");
    assert_eq!(pull(&asked).await, ["linux/arm64"]);
    assert_eq!(pull("").await, ["linux/arm64"]);
    assert_eq!(pull(&image).await, ["linux/arm64"]);
    assert_eq!(pull("--platform linux/amd64").await, ["linux/amd64"]);
    assert_eq!(pull(&image).await, ["linux/amd64"]);
    // What it is asked for stays, whether the image has it or not.
    let asked = format!("{image} --platform linux/s390x --platform linux/arm64/v8");
    assert_eq!(pull(&asked).await, ["linux/arm64"]);
    assert_eq!(pull("").await, ["linux/arm64"]);
    let lock: Value = bench.json("base.lock");
    assert_eq!(lock["platforms"], json!(["linux/s390x", "linux/arm64/v8"]));

    // One that is made without says nothing of it.
    std::fs::remove_file(bench.path("base.lock")).expect("was there");
    assert_eq!(pull(&image).await, ["linux/amd64", "linux/arm64"]);
    let lock: Value = bench.json("base.lock");
    assert_eq!(lock.get("platforms"), None);
}

#[tokio::test]
async fn a_lock_is_replaced_as_a_whole() {
    let bench = tokio::task::spawn_blocking(both).await.expect("makes");
    let (_registry, image) = of_both(&bench).await;
    let image = format!("{image}@{}", digest(&bench, "both.descriptor"));
    let pull = |arguments: &str| format!("pull {arguments} --lock DIR/base.lock");
    bench.ran(&pull(&image)).await.expect("locks");
    let before = bench.read("base.lock");
    let other = pull("--platform linux/arm64");
    let nowhere = other.replace("base.lock", "nowhere/base.lock");
    let error = bench
        .ran(&nowhere.replace("pull ", &format!("pull {image} ")))
        .await;
    let error = error.expect_err("has no folder");
    assert_eq!(
        windlass_report::render(&error),
        format!(
            "error: cannot write `{}`\ncause: No such file or directory (os error 2)\n",
            bench.path("nowhere/base.lock").display()
        )
    );
    let names = || {
        let entries = std::fs::read_dir(bench.path("")).expect("is there");
        let names = entries.map(|entry| entry.expect("reads").file_name());
        names.collect::<std::collections::BTreeSet<_>>()
    };
    let there = names();

    // Whoever has the old one open goes on to read that, and a link stays one.
    std::fs::rename(bench.path("base.lock"), bench.path("real.lock")).expect("moves");
    symlink("real.lock", bench.path("base.lock")).expect("links");
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(bench.path("real.lock"), private).expect("is ours");
    let mut open = std::fs::File::open(bench.path("real.lock")).expect("opens");
    bench.ran(&other).await.expect("locks");
    let mut read = Vec::new();
    open.read_to_end(&mut read).expect("reads");
    assert_eq!(read, before);
    assert!(bench.path("base.lock").is_symlink());
    let new = names();
    let left: Vec<_> = new.difference(&there).collect();
    assert_eq!(left, ["real.lock"], "nothing else");
    assert_eq!(locked(&bench), ["linux/arm64"]);
    let mode = std::fs::metadata(bench.path("real.lock")).expect("is there");
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);

    // What is no lock is not replaced by one.
    bench.write("base.lock", "{}");
    let error = bench.ran(&pull(&image)).await.expect_err("refused");
    let lock = bench.path("real.lock");
    assert!(matches!(error, crate::Error::Lock { .. }), "{error}");
    assert_eq!(std::fs::read(lock).expect("reads"), b"{}");
}

#[tokio::test]
async fn one_image_for_each_platform_is_locked() {
    let bench = tokio::task::spawn_blocking(both).await.expect("makes");
    let (registry, image) = of_both(&bench).await;
    // Of what is not chosen, the registry has nothing.
    let artifact = json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 1,
        "digest": Digest::of(b"artifact"), "artifactType": "application/spdx+json",
        "platform": {"os": "linux", "architecture": "amd64"},
    });
    let mut newer = artifact.clone();
    newer["artifactType"].take();
    newer["platform"]["variant"] = json!("v2");
    let pull = async |images: &[&Value], platforms: &str| {
        let index = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": images,
        });
        let digest = registry.add_manifest("library/base", index.to_string().as_bytes());
        let image = format!("{image}@{digest}");
        let arguments = format!("pull {image} --lock DIR/base.lock {platforms}");
        let ran = bench.ran(&arguments).await;
        ran.map_err(|error| windlass_report::render(&error).replace(&image, "IMAGE"))
    };
    let amd64 = named(&bench, "amd64", "linux/amd64");
    let arm64 = named(&bench, "arm64", "linux/arm64/v8");
    let all = [&newer, &artifact, &amd64, &arm64];
    pull(&all, "").await.expect("locks");
    assert_eq!(locked(&bench), ["linux/amd64", "linux/arm64/v8"]);
    bench
        .ran(&format!(
            "import --lock DIR/base.lock --source-out DIR/source {AMD64} {OUT}"
        ))
        .await
        .expect("imports");
    assert_eq!(bench.read("m"), bench.read("amd64.manifest"));

    // The variant that is asked for, or several of them.
    let amd64 = named(&bench, "amd64", "linux/amd64/v2");
    let platforms = "--platform linux/amd64/v2 --platform linux/amd64";
    pull(&[&amd64, &arm64], platforms).await.expect("locks");
    assert_eq!(locked(&bench), ["linux/amd64/v2"]);
    newer["platform"]["variant"] = json!("v3");
    assert_eq!(
        pull(&[&newer, &amd64], "--platform linux/amd64").await,
        Err(
            "error: `IMAGE` has several images for linux/amd64, and none without a variant: \
             linux/amd64/v3, linux/amd64/v2\n"
                .to_owned()
        )
    );
}

/// Pulls what the registry answers, once, when it is asked for `v1`.
async fn pull_answer(
    bench: &Bench,
    (registry, image): &(Registry, String),
    (header, body): (&'static str, &Value),
    platforms: &str,
) -> Result<(), String> {
    registry.add_faults(vec![Fault {
        request: "GET /v2/library/base/manifests/v1",
        times: 1,
        what: What::Status(200, header, body.to_string().leak()),
    }]);
    let arguments = format!("pull {image}:v1 --lock DIR/base.lock {platforms}");
    let ran = bench.ran(&arguments).await;
    ran.map_err(|error| windlass_report::render(&error).replace(image, "IMAGE"))
}

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

#[tokio::test]
async fn an_index_is_one_whatever_is_said_of_it() {
    let bench = tokio::task::spawn_blocking(both).await.expect("makes");
    let registry = of_both(&bench).await;
    let index = json!({
        "schemaVersion": 2, "manifests": [named(&bench, "amd64", "linux/amd64")],
    });
    let mut typed = index.clone();
    typed["mediaType"] = json!(INDEX);
    for answer in [
        (
            "Content-Type: application/vnd.oci.image.index.v1+json; charset=utf-8\r\n",
            &index,
        ),
        ("Content-Type: application/json\r\n", &typed),
        (
            "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n",
            &typed,
        ),
    ] {
        let pulled = pull_answer(&bench, &registry, answer, "").await;
        pulled.expect("locks");
        assert_eq!(locked(&bench), ["linux/amd64"], "{}", answer.0);
    }
}

#[tokio::test]
async fn what_is_no_base_is_not_locked() {
    let bench = tokio::task::spawn_blocking(both).await.expect("makes");
    let registry = of_both(&bench).await;
    let chart = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.cncf.helm.config.v1+json", "size": 1,
            "digest": Digest::of(b"x"),
        },
        "layers": [],
    });
    let single: Value = bench.json("arm64.manifest");
    let old = "Content-Type: application/vnd.docker.distribution.manifest.v1+prettyjws\r\n";
    for (answer, platforms, said) in [
        (
            (old, &json!({"schemaVersion": 1})),
            "",
            "error: cannot use `IMAGE:v1`: media type: got \
             `application/vnd.docker.distribution.manifest.v1+prettyjws`, want that of an image \
             manifest or of an index\n",
        ),
        (
            ("", &chart),
            "",
            "error: cannot use `IMAGE:v1`: media type of its config: got \
             `application/vnd.cncf.helm.config.v1+json`, want that of an image's\n",
        ),
        (
            ("", &single),
            "--platform linux/amd64",
            "error: `IMAGE:v1` has no image for linux/amd64: it is for linux/arm64\n\
 hint: add `--platform linux/arm64`, to a build \
 `--@windlass//rules:node_platform=@windlass//rules/platforms:linux_arm64`\n",
        ),
        (
            ("", &json!({"mediaType": INDEX, "manifests": 1})),
            "",
            "error: cannot parse `IMAGE:v1`\n\
             cause: invalid type: integer `1`, expected a sequence at line 1 column 68\n",
        ),
    ] {
        let refused = pull_answer(&bench, &registry, answer, platforms).await;
        assert_eq!(refused, Err(said.to_owned()));
        assert!(!bench.has("base.lock"));
    }
}

#[tokio::test]
async fn a_base_is_locked_and_built_on() {
    let bench = tokio::task::spawn_blocking(both).await.expect("makes");
    let (registry, image) = of_both(&bench).await;
    let image = format!("{image}@{}", digest(&bench, "both.descriptor"));
    bench
        .ran(&format!("pull {image} --lock DIR/base.lock"))
        .await
        .expect("locks");
    let lock: serde_json::Value = bench.json("base.lock");
    assert_eq!(lock["image"], image);
    assert_eq!(lock["documents"].as_object().expect("an object").len(), 4);
    // Layers stay where they are.
    let asked = registry.requests();
    assert_eq!(asked.len(), 5, "{asked:?}");

    bench
        .ran(&format!(
            "import --lock DIR/base.lock --source-out DIR/source {ARM64} {OUT}"
        ))
        .await
        .expect("imports");
    assert_eq!(bench.read("m"), bench.read("arm64.manifest"));
    assert_eq!(
        String::from_utf8(bench.read("source")).expect("utf-8"),
        format!(
            r#"{{"insecure":false,"repository":"{}/library/base"}}"#,
            registry.name()
        )
    );
    assert!(registry.requests().is_empty());

    // Looked up again, it is the same.
    let before = bench.read("base.lock");
    bench.ran("pull --lock DIR/base.lock").await.expect("locks");
    assert_eq!(bench.read("base.lock"), before);

    let nothing = bench
        .ran(&format!(
            "pull {image} --lock DIR/other.lock --platform linux/s390x"
        ))
        .await
        .expect_err("refused");
    assert_eq!(
        windlass_report::render(&nothing),
        format!(
            "error: `{image}` has no image for linux/s390x: it is for linux/amd64, linux/arm64\n\
 hint: add `--platform linux/amd64`, to a build \
 `--@windlass//rules:node_platform=@windlass//rules/platforms:linux_amd64`\n"
        )
    );
    assert!(!bench.has("other.lock"));
}
