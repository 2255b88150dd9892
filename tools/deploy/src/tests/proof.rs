//! Proof of pinned images: an environment that requires it, and what there is of it.

use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use windlass_attestation::envelope::{PAYLOAD_TYPE, Signature};
use windlass_attestation::{Envelope, Provenance, PublicKey, pae};
use windlass_oci_reference::Digest;

use super::case::{self, Case, case, pod, run};
use super::fake::{Fake, Scenario};

/// The repository of the one image.
pub(super) const REPOSITORY: &str = "localhost:31000/demo/redis";

/// The commit that its pin names.
pub(super) const COMMIT: &str = "3f9c21a03f9c21a03f9c21a03f9c21a03f9c21a0";

/// Where the trust roots of a cluster are.
pub(super) const ROOTS_PATH: &str = "/api/v1/namespaces/windlass-system/configmaps/windlass-trust";

/// Where its attestation is.
pub(super) fn file() -> String {
    format!("{}.json", digest().hex())
}

/// Its digest.
pub(super) fn digest() -> Digest {
    Digest::of(b"redis")
}

/// Somebody's key, always the same for the same number.
pub(super) fn key(number: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[number; 32]).expect("a key")
}

pub(super) fn public(key: &Ed25519KeyPair) -> PublicKey {
    let bytes = key.public_key().as_ref();
    PublicKey::from_bytes(bytes.try_into().expect("32 bytes"))
}

/// What the publisher says of the image.
pub(super) fn provenance() -> Provenance {
    Provenance {
        name: "demo/redis".to_owned(),
        digest: digest(),
        source: "git+https://git.example/shop".to_owned(),
        commit: COMMIT.parse().expect("a commit"),
        toolchain: "rustc 1.97.1, --config=release".parse().expect("one"),
        builder: "https://ci.example/publisher".to_owned(),
    }
}

/// The same, signed.
pub(super) fn attestation(said: &Provenance, key: &Ed25519KeyPair) -> Envelope {
    let payload = said.to_json();
    Envelope {
        payload_type: PAYLOAD_TYPE.to_owned(),
        signatures: vec![Signature {
            key: public(key).id(),
            bytes: key.sign(&pae(PAYLOAD_TYPE, &payload)).as_ref().to_vec(),
        }],
        payload,
    }
}

/// Makes the environment of a case require proof of the one image, which its `Pod` runs.
pub(super) fn require(case: &mut Case) {
    let image = format!("{REPOSITORY}@{}", digest());
    case::replace_service(case, &pod("redis", &image));
    case.request["environment"]["name"] = json!("prod");
    case.request["environment"]["personal"] = json!(false);
    case.request["environment"]["proof"] = json!("required");
    case.request["project"] = json!("demo");
    case.request["proofs"] = json!([{
        "label": "//services/redis:prod-pins",
        "pins": "prod-pins.json",
        "attestations": ["other.json", file()],
    }]);
    let pin = json!({"image": image, "commit": COMMIT});
    case.write("prod-pins.json", &json!({ "prod": { "redis": pin } }));
    write(case, &attestation(&provenance(), &key(1)));
}

/// Puts an attestation where that of the image is.
pub(super) fn write(case: &Case, attestation: &Envelope) {
    let text = attestation.to_string();
    std::fs::write(case.folder.join(file()), text).expect("writes");
}

/// Makes a cluster trust these keys.
pub(super) fn trust(fake: &Fake, keys: &[u8]) {
    let lines: Vec<_> = keys
        .iter()
        .map(|one| public(&key(*one)).to_string())
        .collect();
    roots(
        fake,
        &json!({"keys.json": json!({ "keys": lines }).to_string()}),
    );
}

/// Makes a cluster have this where the trust roots are.
pub(super) fn roots(fake: &Fake, data: &Value) {
    fake.put(
        ROOTS_PATH,
        json!({"apiVersion": "v1", "kind": "ConfigMap", "data": data,
            "metadata": {"name": "windlass-trust", "namespace": "windlass-system", "uid": "t"}}),
    );
}

#[tokio::test]
async fn what_is_proven_is_applied() {
    // Also while keys are changed, when two are trusted.
    for keys in [&[1][..], &[2, 1]] {
        for verb in ["apply", "create", "replace"] {
            let fake = Fake::start(Scenario::Usual, &["alice"]).await;
            let mut case = case(&fake.address, verb);
            require(&mut case);
            trust(&fake, keys);
            let ran = run(&case, &["--wait=false"]).await;
            assert!(ran.result.is_ok(), "{verb}: {:?}", ran.result);
            let pod = "/api/v1/namespaces/alice/pods/redis";
            assert!(fake.object(pod).is_some(), "{verb}");
        }
    }
}

/// Nothing else is proven by that, and nobody is asked for trust roots in vain.
#[tokio::test]
async fn what_needs_no_proof() {
    let arrange: [fn(&mut Case); 4] = [
        |case| case.request["environment"]["proof"] = json!("none"),
        |case| {
            // An image of others.
            let image = format!("localhost:31000/third_party/redis@{}", Digest::of(b"other"));
            case::replace_service(case, &pod("redis", &image));
        },
        |case| {
            let image = "localhost:31000/third_party/redis:8";
            case::replace_service(case, &pod("redis", image));
        },
        |case| case.request["verb"] = json!("diff"),
    ];
    for (at, arrange) in arrange.into_iter().enumerate() {
        let fake = Fake::start(Scenario::Usual, &["alice"]).await;
        let mut case = case(&fake.address, "apply");
        require(&mut case);
        std::fs::remove_file(case.folder.join(file())).expect("was there");
        case.request["proofs"][0]["attestations"] = json!([]);
        arrange(&mut case);
        let wait = ["--wait=false"];
        let is_diff = case.request["verb"] == "diff";
        let ran = run(&case, if is_diff { &[] } else { &wait }).await;
        assert!(ran.result.is_ok(), "{at}: {:?}", ran.result);
        let requests = fake.requests();
        let asked = requests.iter().any(|line| line.contains("windlass-trust"));
        assert!(!asked, "{at}: {requests:?}");
    }
}

/// An image that was copied to another registry is the same image.
#[tokio::test]
async fn another_registry_is_no_other_image() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = case(&fake.address, "apply");
    require(&mut case);
    trust(&fake, &[1]);
    let copied = format!("mirror.example/demo/redis@{}", digest());
    case::replace_service(&mut case, &pod("redis", &copied));
    let ran = run(&case, &["--wait=false"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
}
