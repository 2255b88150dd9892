//! What an image was built from, said in its registry and in a file.

use super::bench::Bench;
use crate::{Environment, run};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use windlass_attestation::envelope::{MEDIA_TYPE, PAYLOAD_TYPE};
use windlass_attestation::{Envelope, Provenance, PublicKey, TrustRoots, pae};
use windlass_oci_registry_fake::Registry;

const COMMIT: &str = "3f9c21a03f9c21a03f9c21a03f9c21a03f9c21a0";

/// A program that signs what `said` is with a key, and nothing else.
fn program(bench: &Bench, key: &Ed25519KeyPair, said: &Provenance) {
    let signature = key.sign(&pae(PAYLOAD_TYPE, &said.to_json()));
    let signature = BASE64_STANDARD.encode(signature);
    bench.write(
        "sign",
        format!("#!/bin/sh\n[ \"$1\" = settle ] && exit 0\ncat >/dev/null\necho {signature}\n"),
    );
    let path = bench.path("sign");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&path, executable).expect("sets");
    // A process that another test is just starting may have the file open for writing still.
    while let Err(error) = std::process::Command::new(&path).arg("settle").status() {
        assert_eq!(error.kind(), std::io::ErrorKind::ExecutableFileBusy);
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// Attests an image with what is said of it.
async fn attest(image: &str, said: &Provenance, key: &[&str], folder: &str) {
    let arguments = ["image", "attest", image, "--out-dir", folder, "--source"];
    let said = [
        &said.source,
        "--revision",
        said.commit.as_str(),
        "--toolchain",
        said.toolchain.as_str(),
        "--builder",
        &said.builder,
    ];
    let arguments = arguments.iter().chain(&said).chain(key).map(OsString::from);
    run(arguments, Environment::default())
        .await
        .expect("attests");
}

#[tokio::test]
async fn an_attestation_is_beside_the_image_and_in_a_file() {
    let (bench, registry) = (Bench::new(), Registry::start(vec![]).await);
    let digest = registry.add_manifest("demo/client", b"{\"schemaVersion\": 2}");
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
    let key = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key");
    let public = key.public_key().as_ref().try_into().expect("32 bytes");
    let public = PublicKey::from_bytes(public).to_string();
    let said = Provenance {
        name: "demo/client".to_owned(),
        digest,
        source: "git+https://git.example/shop".to_owned(),
        commit: COMMIT.parse().expect("a commit"),
        toolchain: "rustc 1.97.1, --config=release".parse().expect("one"),
        builder: "https://ci.example/publisher".to_owned(),
    };
    program(&bench, &key, &said);
    let image = format!("{}/demo/client@{digest}", registry.name());
    let folder = bench.path("services/client/attestations");
    let sign_with = bench.path("sign");
    let attest = async || {
        let [sign_with, folder] = [&sign_with, &folder].map(|path| path.to_str().expect("text"));
        attest(
            &image,
            &said,
            &["--key", &public, "--sign-with", sign_with],
            folder,
        )
        .await;
    };
    attest().await;
    let file = format!("services/client/attestations/{}.json", digest.hex());
    let text = String::from_utf8(bench.read(&file)).expect("text");
    let envelope = Envelope::parse(&text).expect("an envelope");
    let roots = TrustRoots::parse(&json!({ "keys": [public] }).to_string()).expect("roots");
    assert_eq!(roots.verify(&envelope).expect("it is trusted"), said);

    let list = format!("sha256-{}", digest.hex());
    let listed = registry.manifest("demo/client", &list).expect("a list");
    let listed: Value = serde_json::from_slice(&listed).expect("JSON");
    let referrer = &listed["manifests"][0];
    assert_eq!(referrer["artifactType"], MEDIA_TYPE);
    assert_eq!(
        referrer["annotations"]["in-toto.io/predicate-type"],
        "https://slsa.dev/provenance/v1"
    );
    let name = referrer["digest"].as_str().expect("a digest");
    let there = registry.manifest("demo/client", name).expect("it is there");
    let there: Value = serde_json::from_slice(&there).expect("JSON");
    let layer = there["layers"][0]["digest"].as_str().expect("a digest");
    let layer = registry.blob("demo/client", &layer.parse().expect("a digest"));
    assert_eq!(layer.expect("it is there"), text.as_bytes());

    // What somebody has put there later, and is gone, hides nothing.
    let mut gone = referrer.clone();
    gone["digest"] = json!(format!("sha256:{}", "0".repeat(64)));
    let mut more = listed.clone();
    more["manifests"].as_array_mut().expect("words").push(gone);
    for words in [&more, &listed] {
        registry.add_tag("demo/client", &list, words.to_string().as_bytes());
        fetch(&bench, &image, &envelope, &text).await;
    }

    // The same again is the same, and writes nothing there.
    registry.requests();
    attest().await;
    assert_eq!(bench.read(&file), text.as_bytes());
    let requests = registry.requests();
    let reads = |request: &String| request.starts_with("GET");
    assert!(requests.iter().all(reads), "{requests:?}");
}

/// Who has only the registry gets the same file.
async fn fetch(bench: &Bench, image: &str, envelope: &Envelope, text: &str) {
    let fetched = bench.path("fetched");
    let fetch = format!("attestation {image} --out-dir {}", fetched.display());
    let id = envelope.signatures[0].key.to_string();
    let (_, hex) = image.split_once("@sha256:").expect("by digest");
    for more in [format!("--key {id}"), format!("--revision {COMMIT}")] {
        let line = format!("{fetch} {more}");
        bench.ran(&line).await.expect("fetches");
        let file = format!("fetched/{hex}.json");
        assert_eq!(bench.read(&file), text.as_bytes());
        std::fs::remove_file(bench.path(&file)).expect("removes");
    }
    let other = "--key SHA256:j8SIeghRgrMOnCmiyb6NhNbtBTDXsfAOuLy9uNEAPdI".to_owned();
    for more in [other, format!("--revision {}", "4".repeat(40))] {
        let line = format!("{fetch} {more}");
        bench.ran(&line).await.expect_err("there is none");
    }
}
