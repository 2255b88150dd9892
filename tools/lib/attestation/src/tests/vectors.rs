//! The formats, by the examples of their specifications.

use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use super::{COMMIT, HEX, attestation, new_key, pin, provenance, roots};
use crate::{Envelope, Provenance, pae};

/// `protocol.md` of DSSE, "Test Vectors".
#[test]
fn what_is_signed_of_hello_world() {
    let signed = pae("http://example.com/HelloWorld", b"hello world");
    assert_eq!(
        String::from_utf8_lossy(&signed),
        "DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
    // Lengths are of bytes, and nothing is escaped.
    assert_eq!(pae("é", b""), "DSSEv1 2 é 0 ".as_bytes());
    assert_eq!(pae("", b" 1 "), b"DSSEv1 0  3  1 ");
}

/// The same vector's signature, by a key of ECDSA on P-256: the envelope around it has no name of a
/// key, which ours must have.
#[test]
fn a_signature_of_others_over_hello_world() {
    let id = "SHA256:j8SIeghRgrMOnCmiyb6NhNbtBTDXsfAOuLy9uNEAPdI";
    let signature =
        "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==";
    for signature in [signature.to_owned(), signature.replace('+', "-")] {
        let text = serde_json::json!({"payload": "aGVsbG8gd29ybGQ=",
            "payloadType": "http://example.com/HelloWorld",
            "signatures": [{"keyid": id, "sig": signature}]});
        let envelope = Envelope::parse(&text.to_string()).expect("an envelope");
        let point = [
            "0467cd390f77aa359cb08c2235f652270493a9ed832b0abcc01f70954c0390d238",
            "0c782bd54e269125a44f4433aff1432ce94e12bca73aa67ac80cea12608ddf74",
        ]
        .concat();
        let digits = point.as_bytes().chunks(2);
        let point: Vec<u8> = digits
            .map(|two| {
                let two = std::str::from_utf8(two).expect("text");
                u8::from_str_radix(two, 16).expect("hex")
            })
            .collect();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        let bytes = &envelope.signatures[0].bytes;
        key.verify(&envelope.pae(), bytes).expect("it is signed");
    }
}

#[test]
fn a_statement_is_one_of_in_toto() {
    let statement: serde_json::Value =
        serde_json::from_slice(&provenance().to_json()).expect("JSON");
    assert_eq!(
        statement,
        serde_json::json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "demo/client", "digest": {"sha256": HEX}}],
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {
                "buildDefinition": {
                    "buildType": "https://windlass.dev/bazel-image/v1",
                    "externalParameters": {"toolchain": "rustc 1.97.1, --config=release"},
                    "resolvedDependencies": [{
                        "uri": "git+https://git.example/shop",
                        "digest": {"gitCommit": COMMIT},
                    }],
                },
                "runDetails": {"builder": {"id": "https://ci.example/publisher"}},
            },
        })
    );
}

#[test]
fn what_is_written_is_read() {
    let key = new_key();
    let envelope = attestation(&key);
    let text = envelope.to_string();
    assert_eq!(Envelope::parse(&text).expect("an envelope"), envelope);
    let read = roots(&[&new_key(), &key]).verify(&envelope);
    assert_eq!(read.expect("it is trusted"), provenance());
    assert_eq!(provenance().check(&pin()), Ok(()));
}

/// Both specifications want unknown fields to be passed over: a publisher may be newer than who
/// verifies.
#[test]
fn a_statement_may_say_more() {
    let mut statement: serde_json::Value =
        serde_json::from_slice(&provenance().to_json()).expect("JSON");
    statement["predicate"]["runDetails"]["metadata"] = serde_json::json!({"invocationId": "7"});
    statement["subject"][0]["digest"]["sha512"] = serde_json::json!("1f0c");
    let read = Provenance::parse(statement.to_string().as_bytes());
    assert_eq!(read.expect("a statement"), provenance());
}
