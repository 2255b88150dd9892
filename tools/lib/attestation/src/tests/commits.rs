//! Signed commits: one that OpenSSH has signed, and whatever is done to it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::signature::Ed25519KeyPair;
use strum::VariantNames as _;

use super::errors::complete;
use super::{new_key, public};
use crate::key::string;
use crate::{CommitError, TrustRoots};

/// Made by git 2.39 with `gpg.format=ssh`, by OpenSSH's `ssh-keygen`.
const COMMIT: &str = "\
tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904
author Alice <alice@example.com> 1795953600 +0000
committer Alice <alice@example.com> 1795982382 +0000
gpgsig -----BEGIN SSH SIGNATURE-----
 U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgl0rPp8z37JUXb0iRsygdTa2P53
 Rn0Q2h8O1EHWdVj28AAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5
 AAAAQIoaHswsDCsK3GjVCFYptNbBcTi8RfuASbBJAy+0DyExXn+F1wg7l7LoYUs2dHoWid
 qF0ReIaO4UhwWneq6cAwM=
 -----END SSH SIGNATURE-----

A commit

with a body
";

/// Its key.
const ALICE: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdKz6fM9+yVF29IkbMoHU2tj+d0Z9ENofDtRB1nVY9v";

/// Roots by which these may sign.
fn committers(lines: &[&str]) -> TrustRoots {
    let key = public(&new_key()).to_string();
    let text = serde_json::json!({ "keys": [key], "committers": lines }).to_string();
    TrustRoots::parse(&text).expect("trust roots")
}

/// Who signed, or which error says that nobody did.
fn signer(roots: &TrustRoots, object: &[u8]) -> Result<String, (&'static str, String)> {
    let signer = roots.signer(object);
    let signer = signer.map_err(|error| (<&str>::from(&error), error.to_string()));
    signer.map(|committer| committer.name.clone())
}

#[test]
fn who_may_sign_need_not_be_said() {
    assert_eq!(committers(&[]).committers(), []);
    let line = format!("alice@example.com {ALICE} laptop");
    let roots = committers(&[&line]);
    assert_eq!(roots.committers()[0].name, "alice@example.com");
    assert_eq!(roots.committers()[0].key.to_string(), ALICE);
}

#[test]
fn what_openssh_has_signed() {
    let (alice, bob) = (format!("alice {ALICE}"), public(&new_key()));
    let roots = committers(&[&format!("bob {bob}"), &alice]);
    assert_eq!(signer(&roots, COMMIT.as_bytes()), Ok("alice".to_owned()));
}

#[test]
fn each_bit_of_it() {
    let roots = committers(&[&format!("alice {ALICE}")]);
    for at in 0..COMMIT.len() {
        for bit in 0..8 {
            let mut changed = COMMIT.as_bytes().to_vec();
            changed[at] ^= 1 << bit;
            assert!(signer(&roots, &changed).is_err(), "{at}.{bit}");
        }
    }
}

/// A commit that is signed by a key, for a namespace, by the name of a hash.
fn signed(key: &Ed25519KeyPair, namespace: &str, hash: &str) -> String {
    let message = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nA commit\n";
    let digest = ring::digest::digest(&ring::digest::SHA256, message.as_bytes());
    let fields = [
        string(namespace.as_bytes()),
        string(b""),
        string(hash.as_bytes()),
    ];
    let text = [b"SSHSIG".to_vec(), fields.concat(), string(digest.as_ref())].concat();
    let signature = [string(b"ssh-ed25519"), string(key.sign(&text).as_ref())];
    let blob = [
        b"SSHSIG\0\0\0\x01".to_vec(),
        string(&public(key).blob()),
        fields.concat(),
        string(&signature.concat()),
    ];
    let digits = BASE64_STANDARD.encode(blob.concat());
    message.replacen(
        "\n\n",
        &format!(
            "\ngpgsig -----BEGIN SSH SIGNATURE-----\n {digits}\n -----END SSH SIGNATURE-----\n\n"
        ),
        1,
    )
}

#[test]
fn what_is_signed_otherwise() {
    let key = new_key();
    let roots = committers(&[&format!("carol {}", public(&key))]);
    let of = |object: &str| signer(&roots, object.as_bytes());
    assert_eq!(of(&signed(&key, "git", "sha256")), Ok("carol".to_owned()));

    let form =
        "its signature is none of ssh with a key of ed25519; want `git config gpg.format ssh`";
    let form = Err(("Form", form.to_owned()));
    assert_eq!(of(&signed(&key, "file", "sha256")), form);
    assert_eq!(of(&signed(&key, "git", "sha1")), form);
    let pgp = COMMIT.replace("SSH SIGNATURE", "PGP SIGNATURE");
    assert_eq!(of(&pgp), form);
    let whole = signed(&key, "git", "sha256");
    let (start, end) = (whole.find("gpgsig"), whole.find("\n\n"));
    let header = &whole[start.expect("a header")..=end.expect("a message")];
    let twice = whole.replacen("gpgsig", &format!("{header}gpgsig"), 1);
    assert_eq!(of(&twice), form);
    let other = whole.replacen(
        "gpgsig",
        &format!("{}gpgsig", header.replace("gpgsig", "gpgsig-sha256")),
        1,
    );
    assert_eq!(of(&other), form);
}

#[test]
fn nobody_has_signed() {
    let bob = public(&new_key());
    let (start, rest) = COMMIT.split_once("gpgsig").expect("signed");
    let (_, message) = rest.split_once("\n\n").expect("a message");
    // In the message it is a text.
    let unsigned = format!("{start}\n{message}gpgsig{rest}");
    let id = "SHA256:iyup6w2no4MFuCnZOxac+52J+wi9VeLFxKxRjhOTbX8";
    let cases = [
        (
            "Unsigned",
            "alice",
            unsigned,
            "it has no signature".to_owned(),
        ),
        (
            "Form",
            "alice",
            COMMIT.replace("SSH", "GPG"),
            "its signature is none of ssh with a key of ed25519; want `git config gpg.format ssh`"
                .to_owned(),
        ),
        (
            "UnknownKey",
            "bob",
            COMMIT.to_owned(),
            format!("signed by `{id}`, which is no committer's key"),
        ),
        (
            "Signature",
            "alice",
            COMMIT.replace("A commit", "A comment"),
            "the signature is not of `alice`: the commit was changed, or signed by another key"
                .to_owned(),
        ),
    ];
    for (variant, name, object, want) in &cases {
        let key = if *name == "bob" {
            bob.to_string()
        } else {
            ALICE.to_owned()
        };
        let roots = committers(&[&format!("{name} {key}")]);
        let refused = signer(&roots, object.as_bytes());
        assert_eq!(refused, Err((*variant, want.clone())));
    }
    complete(cases.iter().map(|case| case.0), CommitError::VARIANTS);
}
