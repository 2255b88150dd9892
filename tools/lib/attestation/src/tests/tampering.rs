//! Whatever is changed, it is refused.

use super::{attestation, new_key, pin, provenance, public, roots, signed};
use crate::envelope::PAYLOAD_TYPE;
use crate::{Envelope, Mismatch, Provenance, VerifyError};

/// A change of a provenance.
type Edit = fn(&mut Provenance);

/// How an envelope ends in front of a cluster: its text is read, verified, and held against a pin.
fn refusal(text: &str, roots: &crate::TrustRoots) -> Option<String> {
    let envelope = match Envelope::parse(text) {
        Ok(envelope) => envelope,
        Err(error) => return Some(<&str>::from(&error).to_owned()),
    };
    match roots.verify(&envelope) {
        Ok(provenance) => {
            let checked = provenance.check(&pin());
            checked.err().map(|error| <&str>::from(&error).to_owned())
        }
        Err(error) => Some(<&str>::from(&error).to_owned()),
    }
}

#[test]
fn each_bit_of_payload_and_signature() {
    let key = new_key();
    let roots = roots(&[&key]);
    let whole = attestation(&key);
    assert_eq!(refusal(&whole.to_string(), &roots), None);
    for at in 0..whole.payload.len() {
        for bit in 0..8 {
            let mut changed = whole.clone();
            changed.payload[at] ^= 1 << bit;
            let refused = refusal(&changed.to_string(), &roots);
            assert_eq!(refused.as_deref(), Some("Signature"), "payload {at}.{bit}");
        }
    }
    for at in 0..whole.signatures[0].bytes.len() {
        for bit in 0..8 {
            let mut changed = whole.clone();
            changed.signatures[0].bytes[at] ^= 1 << bit;
            let refused = refusal(&changed.to_string(), &roots);
            assert_eq!(
                refused.as_deref(),
                Some("Signature"),
                "signature {at}.{bit}"
            );
        }
    }
}

#[test]
fn a_part_or_more_than_the_whole() {
    let key = new_key();
    let roots = roots(&[&key]);
    let whole = attestation(&key);
    let edits: [fn(&mut Envelope); 6] = [
        |envelope| envelope.payload.truncate(envelope.payload.len() - 1),
        |envelope| envelope.payload.push(b' '),
        |envelope| envelope.payload.clear(),
        |envelope| envelope.signatures[0].bytes.truncate(63),
        |envelope| envelope.signatures[0].bytes.push(0),
        |envelope| envelope.signatures[0].bytes.clear(),
    ];
    for (at, change) in edits.into_iter().enumerate() {
        let mut changed = whole.clone();
        change(&mut changed);
        let refused = refusal(&changed.to_string(), &roots);
        assert_eq!(refused.as_deref(), Some("Signature"), "change {at}");
    }
}

#[test]
fn another_type_of_payload() {
    let key = new_key();
    let mut changed = attestation(&key);
    changed.payload_type = "application/json".to_owned();
    assert_eq!(
        refusal(&changed.to_string(), &roots(&[&key])).as_deref(),
        Some("Signature")
    );
    // Signed as that, it is not what we read.
    let other = signed(&key, "application/json", &provenance().to_json());
    assert_eq!(
        refusal(&other.to_string(), &roots(&[&key])).as_deref(),
        Some("PayloadType")
    );
}

#[test]
fn the_name_of_the_key() {
    let (key, other, stranger) = (new_key(), new_key(), new_key());
    let roots = roots(&[&key, &other]);
    let mut changed = attestation(&key);
    // Another that is trusted, and has not signed this.
    changed.signatures[0].key = public(&other).id();
    assert_eq!(
        refusal(&changed.to_string(), &roots).as_deref(),
        Some("Signature")
    );
    changed.signatures[0].key = public(&stranger).id();
    assert_eq!(
        refusal(&changed.to_string(), &roots).as_deref(),
        Some("UnknownKey")
    );
    let text = attestation(&key).to_string().replace("SHA256:", "SHA512:");
    assert_eq!(refusal(&text, &roots).as_deref(), Some("Key"));
}

#[test]
fn somebody_else_signs() {
    let (key, stranger) = (new_key(), new_key());
    let roots = roots(&[&key]);
    let forged = attestation(&stranger);
    assert_eq!(
        refusal(&forged.to_string(), &roots).as_deref(),
        Some("UnknownKey")
    );
    // By the name of the one who is trusted.
    let mut renamed = forged.clone();
    renamed.signatures[0].key = public(&key).id();
    assert_eq!(
        refusal(&renamed.to_string(), &roots).as_deref(),
        Some("Signature")
    );
    // Beside a signature that holds, another one does no harm.
    let mut both = attestation(&key);
    both.signatures.insert(0, forged.signatures[0].clone());
    assert_eq!(refusal(&both.to_string(), &roots), None);
}

/// What a trusted key has signed counts for what it says, and for nothing else.
#[test]
fn a_statement_of_something_else() {
    let key = new_key();
    let roots = roots(&[&key]);
    let edits: [(Edit, &str); 3] = [
        (
            |said| said.digest = windlass_oci_reference::Digest::of(b"other"),
            "Digest",
        ),
        (|said| said.name = "demo/server".to_owned(), "Name"),
        (
            |said| said.commit = "0".repeat(40).parse().expect("a commit"),
            "Commit",
        ),
    ];
    for (edit, want) in edits {
        let mut said = provenance();
        edit(&mut said);
        let envelope = signed(&key, PAYLOAD_TYPE, &said.to_json());
        assert_eq!(
            refusal(&envelope.to_string(), &roots).as_deref(),
            Some(want)
        );
    }
    let mut pin = pin();
    // The start of a commit is not the commit.
    pin.commit = Some("3f9c21a".parse().expect("a commit"));
    let said = provenance().check(&pin).expect_err("refused");
    assert!(matches!(said, Mismatch::Commit { .. }));
    pin.commit = None;
    let said = provenance().check(&pin).expect_err("refused");
    assert!(matches!(said, Mismatch::NoCommit { .. }));
}

#[test]
fn nobody_reads_what_is_not_verified() {
    let (key, stranger) = (new_key(), new_key());
    let nonsense = signed(&stranger, PAYLOAD_TYPE, b"{");
    let error = roots(&[&key]).verify(&nonsense).expect_err("refused");
    assert!(matches!(error, VerifyError::UnknownKey { .. }), "{error}");
    let nonsense = signed(&key, PAYLOAD_TYPE, b"{");
    let error = roots(&[&key]).verify(&nonsense).expect_err("refused");
    assert!(matches!(error, VerifyError::Provenance(_)), "{error}");
}
