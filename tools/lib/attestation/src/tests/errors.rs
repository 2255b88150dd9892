//! Every error, and its text.

use strum::VariantNames as _;
use windlass_oci_reference::Digest;
use windlass_report::{Exit, Explain as _, render};

use super::agents::{Manner, sign_with};
use super::programs::sign_by;
use super::{attestation, new_key, pin, provenance, public, roots, signed};
use crate::envelope::PAYLOAD_TYPE;
use crate::{
    Envelope, EnvelopeError, Mismatch, Provenance, ProvenanceError, SignError, Signer, TrustError,
    TrustRoots, VerifyError,
};

/// An error and its causes, each behind the one that it is the cause of.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// Compares the variants that have a case with those that there are.
pub(super) fn complete(cases: impl Iterator<Item = &'static str>, variants: &[&str]) {
    let have: std::collections::BTreeSet<&str> = cases.collect();
    assert_eq!(have, variants.iter().copied().collect());
}

const ENVELOPES: &[(&str, &str, &str)] = &[
    (
        "Json",
        "{}",
        "it is not an envelope of DSSE: missing field `payloadType` at line 1 column 2",
    ),
    (
        "Json",
        r#"{"payload": "", "payload": ""}"#,
        "it is not an envelope of DSSE: duplicate field `payload` at line 1 column 25",
    ),
    (
        "Json",
        r#"{"payload": "", "payloadType": "x", "signatures": [], "more": 1}"#,
        "it is not an envelope of DSSE: unknown field `more`, expected one of `payloadType`, \
         `payload`, `signatures` at line 1 column 60",
    ),
    (
        "Base64",
        r#"{"payload": "{\"a\": 1}", "payloadType": "x", "signatures": [{"keyid": "ID", "sig": ""}]}"#,
        "payload: got `{\"a\": 1}`, want base64",
    ),
    (
        "Base64",
        r#"{"payload": "", "payloadType": "x", "signatures": [{"keyid": "ID", "sig": "a"}]}"#,
        "signatures[0].sig: got `a`, want base64",
    ),
    (
        "Key",
        r#"{"payload": "", "payloadType": "x", "signatures": [{"keyid": "ci", "sig": ""}]}"#,
        "`signatures[0].keyid` names no key: got `ci`, want a fingerprint, as `ssh-keygen -l` \
         prints it: `SHA256:` and 43 letters",
    ),
    (
        "Unsigned",
        r#"{"payload": "", "payloadType": "x", "signatures": []}"#,
        "signatures: got none, want one or more",
    ),
];

#[test]
fn envelopes_that_are_none() {
    let id = public(&new_key()).id().to_string();
    for (variant, text, want) in ENVELOPES {
        let error = Envelope::parse(&text.replace("ID", &id)).expect_err(text);
        assert_eq!(
            (<&str>::from(&error), chain(&error).as_str()),
            (*variant, *want)
        );
    }
    complete(ENVELOPES.iter().map(|case| case.0), EnvelopeError::VARIANTS);
}

const STATEMENTS: &[(&str, &str, &str, &str)] = &[
    (
        "Json",
        "subject",
        "other",
        "it is not a statement of provenance: missing field `subject` at line 1 column 557",
    ),
    (
        "Value",
        "Statement/v1",
        "Statement/v2",
        "_type: got `https://in-toto.io/Statement/v2`, want `https://in-toto.io/Statement/v1`",
    ),
    (
        "Value",
        "provenance/v1",
        "provenance/v2",
        "predicateType: got `https://slsa.dev/provenance/v2`, want \
         `https://slsa.dev/provenance/v1`",
    ),
    (
        "Value",
        "bazel-image/v1",
        "image/v1",
        "buildType: got `https://windlass.dev/image/v1`, want \
         `https://windlass.dev/bazel-image/v1`",
    ),
    (
        "Value",
        "ba7816bf",
        "BA7816BF",
        "sha256: got `BA7816BF8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad`, want 64 \
         lower-case hex digits",
    ),
    (
        "Value",
        "3f9c21a03f9c21a03f9c21a03f9c21a03f9c21a0",
        "3f9c21a0",
        "gitCommit: got `3f9c21a0`, want a commit's whole hash: 40 or 64 lower-case hex digits",
    ),
    (
        "Value",
        "rustc 1.97.1, --config=release",
        "",
        "toolchain: got ``, want a line of text",
    ),
    (
        "Count",
        r#""subject":[{"#,
        r#""subject":[{"name":"demo/a","digest":{"sha256":""}},{"#,
        "subject: got 2 entries, want one",
    ),
];

#[test]
fn statements_that_are_none() {
    for (variant, from, to, want) in STATEMENTS {
        let text = String::from_utf8(provenance().to_json()).expect("text");
        assert!(text.contains(from), "{from} is in {text}");
        let error = Provenance::parse(text.replacen(from, to, 1).as_bytes()).expect_err(to);
        assert_eq!(
            (<&str>::from(&error), chain(&error).as_str()),
            (*variant, *want)
        );
    }
    complete(
        STATEMENTS.iter().map(|case| case.0),
        ProvenanceError::VARIANTS,
    );
}

#[test]
fn pins_of_something_else() {
    let commit = "3f9c21a03f9c21a03f9c21a03f9c21a03f9c21a0";
    let other = Digest::of(b"other");
    let digest = *pin().digest();
    let cases = [
        (
            Mismatch::Digest {
                got: other,
                want: digest,
            },
            format!("digest: the attestation is of {other}, the pin of {digest}"),
        ),
        (
            Mismatch::Name {
                got: "demo/server".to_owned(),
                want: "demo/client".to_owned(),
            },
            "repository: the attestation is of `demo/server`, the pin of `demo/client`".to_owned(),
        ),
        (
            Mismatch::Commit {
                got: "0".repeat(40).parse().expect("a commit"),
                want: commit.parse().expect("a commit"),
            },
            format!(
                "commit: the attestation is of {}, the pin of {commit}",
                "0".repeat(40)
            ),
        ),
        (
            Mismatch::NoCommit {
                got: commit.parse().expect("a commit"),
            },
            format!("commit: the attestation is of {commit}, the pin names none"),
        ),
    ];
    for (want, text) in &cases {
        let (mut said, mut pin) = (provenance(), pin());
        match want {
            Mismatch::Digest { got, .. } => said.digest = *got,
            Mismatch::Name { got, .. } => said.name.clone_from(got),
            Mismatch::Commit { got, .. } => said.commit = got.clone(),
            Mismatch::NoCommit { .. } => pin.commit = None,
        }
        assert_eq!(said.check(&pin).as_ref(), Err(want));
        assert_eq!(want.to_string(), *text);
    }
    complete(
        cases.iter().map(|case| (&case.0).into()),
        Mismatch::VARIANTS,
    );
}

#[test]
fn roots_that_are_none() {
    let key = public(&new_key());
    let twice = format!(r#"{{"keys": ["{key}", "{key} other"]}}"#);
    let committer = format!(r#"{{"keys": ["{key}"], "committers": ["a {key}", "{key}"]}}"#);
    let cases = [
        (
            "Json",
            r#"["ssh-ed25519"]"#,
            "it is not {\"keys\": [\"ssh-ed25519 AAAA... ci@example\"]}: invalid type: string \
             \"ssh-ed25519\", expected a sequence at line 1 column 14"
                .to_owned(),
        ),
        (
            "Key",
            r#"{"keys": ["ssh-rsa AAAA"]}"#,
            "`keys[0]` is no key: got `ssh-rsa AAAA`, want a public key of ed25519, as in \
             `ssh-ed25519 AAAA... ci@example`"
                .to_owned(),
        ),
        (
            "Twice",
            &twice,
            format!("keys: `{}` stands there twice; remove one", key.id()),
        ),
        (
            "Empty",
            r#"{"keys": []}"#,
            "keys: got none, want one or more".to_owned(),
        ),
        (
            "Committer",
            &committer,
            "`committers[1]` is none: got `ssh-ed25519 AAAAC3Nz...`, want a committer, as in \
             `alice@example.com ssh-ed25519 AAAA...`"
                .to_owned(),
        ),
    ];
    for (variant, text, want) in &cases {
        let error = TrustRoots::parse(text).expect_err(text);
        assert_eq!(
            (<&str>::from(&error), chain(&error)),
            (*variant, want.clone())
        );
    }
    complete(cases.iter().map(|case| case.0), TrustError::VARIANTS);
}

#[test]
fn words_that_do_not_count() {
    let (key, other, stranger) = (new_key(), new_key(), new_key());
    let [id, other_id, stranger_id] = [&key, &other, &stranger].map(|key| public(key).id());
    let mut changed = attestation(&key);
    changed.payload.push(b'\n');
    let cases = [
        (
            "UnknownKey",
            attestation(&stranger),
            format!(
                "signed by `{stranger_id}`, which is no trust root; want `{id}` or `{other_id}`"
            ),
        ),
        (
            "Signature",
            changed,
            format!(
                "the signature is not of `{id}`: the attestation was changed, or signed by \
                 another key"
            ),
        ),
        (
            "PayloadType",
            signed(&key, "text/plain", b""),
            "payloadType: got `text/plain`, want `application/vnd.in-toto+json`".to_owned(),
        ),
        (
            "Provenance",
            signed(&key, PAYLOAD_TYPE, b"1"),
            "the payload does not hold: it is not a statement of provenance: invalid type: integer \
             `1`, expected struct Statement at line 1 column 1"
                .to_owned(),
        ),
    ];
    for (variant, envelope, want) in &cases {
        let error = roots(&[&key, &other]).verify(envelope).expect_err(want);
        assert_eq!(
            (<&str>::from(&error), chain(&error)),
            (*variant, want.clone())
        );
    }
    complete(cases.iter().map(|case| case.0), VerifyError::VARIANTS);
}

/// Signing by the agent behind a socket, if any.
fn ask(socket: Option<&str>) -> Result<(), SignError> {
    let signer = Signer::Agent {
        socket: socket.map(Into::into),
        key: public(&new_key()).id(),
    };
    Envelope::sign(&provenance(), &signer).map(drop)
}

/// Signing by a program that does this.
fn run(script: &str) -> Result<(), SignError> {
    let folder = tempfile::tempdir().expect("a folder");
    sign_by(folder.path(), script)
}

/// How signing fails: the variant, how it comes about, the exit code, and what is said.
type Failure = (
    &'static str,
    fn() -> Result<(), SignError>,
    Exit,
    &'static str,
);

const SIGNING: &[Failure] = &[
    (
        "NoAgent",
        || ask(None),
        Exit::Preflight,
        "error: SSH_AUTH_SOCK: got nothing, want the socket of ssh-agent\n\
         hint: eval $(ssh-agent)\n",
    ),
    (
        "Connect",
        || ask(Some("/nowhere/agent.sock")),
        Exit::Preflight,
        "error: cannot reach ssh-agent at `/nowhere/agent.sock`\n\
         cause: No such file or directory (os error 2)\n\
         hint: eval $(ssh-agent)\n",
    ),
    (
        "Talk",
        || sign_with(Manner::HangsUp),
        Exit::Failure,
        "error: cannot talk to ssh-agent\n\
         cause: failed to fill whole buffer\n",
    ),
    (
        "Talk",
        || sign_with(Manner::Floods),
        Exit::Failure,
        "error: cannot talk to ssh-agent\n\
         cause: got an answer of 4294967295 bytes, want 1 to 262144\n",
    ),
    (
        "Answer",
        || sign_with(Manner::Babbles),
        Exit::Failure,
        "error: ssh-agent answers something else than a list of keys\n",
    ),
    (
        "Answer",
        || sign_with(Manner::Breaks),
        Exit::Failure,
        "error: ssh-agent answers something else than a list of keys\n",
    ),
    (
        "NoKey",
        || sign_with(Manner::Empty),
        Exit::Preflight,
        "error: ssh-agent has no key `ID`; of ed25519 it has none\n\
         hint: ssh-add -l\n",
    ),
    (
        "Refused",
        || sign_with(Manner::Refuses),
        Exit::Failure,
        "error: ssh-agent refuses to sign with `ID`\n\
         hint: ssh-add -l\n",
    ),
    (
        "Wrong",
        || sign_with(Manner::Lies),
        Exit::Failure,
        "error: the signature is not of `ID`: whoever signed has another key, or signs in another \
         way\n",
    ),
    (
        "Run",
        || {
            let signer = Signer::Program {
                program: "/nowhere/sign".into(),
                key: public(&new_key()),
            };
            Envelope::sign(&provenance(), &signer).map(drop)
        },
        Exit::Failure,
        "error: cannot run `/nowhere/sign`\n\
         cause: No such file or directory (os error 2)\n",
    ),
    (
        "Failed",
        || run("echo access denied >&2; exit 7"),
        Exit::Failure,
        "error: `PROGRAM` ended with exit status: 7: access denied\n",
    ),
    (
        "Output",
        || run("echo c2hvcnQ="),
        Exit::Failure,
        "error: `PROGRAM` printed no signature: want base64 of 64 bytes\n",
    ),
    (
        "Wrong",
        || {
            // Of 64 bytes, all zero.
            let zeros = "A".repeat(86);
            run(&format!("echo {zeros}=="))
        },
        Exit::Failure,
        "error: the signature is not of `ID`: whoever signed has another key, or signs in another \
         way\n",
    ),
];

#[test]
fn nobody_signs() {
    for (variant, provoke, exit, want) in SIGNING {
        let error = provoke().expect_err(want);
        assert_eq!(<&str>::from(&error), *variant);
        assert_eq!(format!("{:?}", error.exit()), format!("{exit:?}"), "{want}");
        let mut text = render(&error);
        match &error {
            SignError::NoKey { key, .. }
            | SignError::Refused { key }
            | SignError::Wrong { key } => {
                text = text.replace(key.as_str(), "ID");
            }
            SignError::Failed { program, .. } | SignError::Output { program } => {
                text = text.replace(&program.display().to_string(), "PROGRAM");
            }
            _ => {}
        }
        assert_eq!(text, *want);
    }
    complete(SIGNING.iter().map(|case| case.0), SignError::VARIANTS);
}
