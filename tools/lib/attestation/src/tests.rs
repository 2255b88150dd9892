//! Keys that are made here, and agents that have them.

mod agents;
mod commits;
mod errors;
mod programs;
mod tampering;
mod vectors;

use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use windlass_pins::Pin;

use crate::envelope::{PAYLOAD_TYPE, Signature, pae};
use crate::{Envelope, Provenance, PublicKey, TrustRoots};

/// A new key.
fn new_key() -> Ed25519KeyPair {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("makes a key");
    Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key")
}

fn public(key: &Ed25519KeyPair) -> PublicKey {
    let bytes = key.public_key().as_ref();
    PublicKey::from_bytes(bytes.try_into().expect("32 bytes"))
}

/// The roots of a cluster that trusts these keys.
fn roots(keys: &[&Ed25519KeyPair]) -> TrustRoots {
    let lines: Vec<_> = keys.iter().map(|key| public(key).to_string()).collect();
    let text = serde_json::json!({ "keys": lines }).to_string();
    TrustRoots::parse(&text).expect("trust roots")
}

/// SHA-256 of `abc`.
const HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

const COMMIT: &str = "3f9c21a03f9c21a03f9c21a03f9c21a03f9c21a0";

fn provenance() -> Provenance {
    Provenance {
        name: "demo/client".to_owned(),
        digest: format!("sha256:{HEX}").parse().expect("a digest"),
        source: "git+https://git.example/shop".to_owned(),
        commit: COMMIT.parse().expect("a commit"),
        toolchain: "rustc 1.97.1, --config=release"
            .parse()
            .expect("a toolchain"),
        builder: "https://ci.example/publisher".to_owned(),
    }
}

/// The pin that it is of.
fn pin() -> Pin {
    let image = format!("localhost:31000/demo/client@sha256:{HEX}");
    let mut pin = Pin::try_new(image.parse().expect("an image")).expect("a digest");
    pin.commit = Some(COMMIT.parse().expect("a commit"));
    pin
}

/// A payload of any kind, signed by a key itself.
fn signed(key: &Ed25519KeyPair, payload_type: &str, payload: &[u8]) -> Envelope {
    Envelope {
        payload_type: payload_type.to_owned(),
        payload: payload.to_vec(),
        signatures: vec![Signature {
            key: public(key).id(),
            bytes: key.sign(&pae(payload_type, payload)).as_ref().to_vec(),
        }],
    }
}

fn attestation(key: &Ed25519KeyPair) -> Envelope {
    signed(key, PAYLOAD_TYPE, &provenance().to_json())
}
