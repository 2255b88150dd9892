//! Who has signed a commit, by ssh (git's `gpg.format=ssh`; OpenSSH, `PROTOCOL.sshsig`).
//!
//! git's own way, `verify-commit`, asks other programs, and takes for good what the keyrings and the
//! configuration of the machine say. Here it is the cluster that says who may sign, and nobody else
//! is asked.

use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::digest::{Algorithm, SHA256, SHA512, digest};

use crate::agent::{number, take};
use crate::key::{ALGORITHM, KeyError, KeyId, PublicKey, string};
use crate::trust::TrustRoots;

/// What a signature begins with, and what is signed.
const MAGIC: &[u8] = b"SSHSIG";

/// What git signs for: a signature that was made for something else is none of a commit.
const NAMESPACE: &[u8] = b"git";

/// The lines around a signature.
const AROUND: [&str; 2] = [
    "-----BEGIN SSH SIGNATURE-----",
    "-----END SSH SIGNATURE-----",
];

/// Somebody who may sign commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committer {
    /// Who it is.
    pub name: String,
    /// The key.
    pub key: PublicKey,
}

/// Why nobody who may has signed a commit.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum CommitError {
    /// Nobody has.
    #[error("it has no signature")]
    Unsigned,
    /// It is signed in another way.
    #[error("its signature is none of ssh with a key of ed25519; want `git config gpg.format ssh`")]
    Form,
    /// Whoever signed it is not trusted.
    #[error("signed by `{got}`, which is no committer's key")]
    UnknownKey {
        /// The key that it is said to be signed by.
        got: KeyId,
    },
    /// A committer has not signed this.
    #[error("the signature is not of `{name}`: the commit was changed, or signed by another key")]
    Signature {
        /// The committer.
        name: String,
    },
}

impl FromStr for Committer {
    type Err = KeyError;

    /// A line of allowed signers (ssh-keygen(1)) without options: who, and the key.
    fn from_str(line: &str) -> Result<Self, KeyError> {
        let (name, key) = line.split_once(' ').unwrap_or((line, ""));
        let key = key.parse().ok().filter(|_| !name.is_empty());
        let key = key.ok_or_else(|| {
            KeyError::of(
                line,
                "a committer, as in `alice@example.com ssh-ed25519 AAAA...`",
            )
        })?;
        Ok(Self {
            name: name.to_owned(),
            key,
        })
    }
}

impl TrustRoots {
    /// Which committer has signed a commit, of which this is the object as `git cat-file commit` prints
    /// it.
    ///
    /// # Errors
    /// None of them has.
    pub fn signer(&self, object: &[u8]) -> Result<&Committer, CommitError> {
        let (message, armoured) = parts(object)?;
        let signature = armoured.as_deref().and_then(Signature::parse);
        let signature = signature.ok_or(CommitError::Form)?;
        let mut committers = self.committers().iter();
        let committer = committers.find(|committer| committer.key == signature.key);
        let committer = committer.ok_or_else(|| CommitError::UnknownKey {
            got: signature.key.id(),
        })?;
        if signature.is_of(&message) {
            Ok(committer)
        } else {
            Err(CommitError::Signature {
                name: committer.name.clone(),
            })
        }
    }
}

/// What of a commit is signed, and its signature; `None` if there is more than one. A repository of
/// SHA-256 has the header `gpgsig-sha256`; no such header is signed.
fn parts(object: &[u8]) -> Result<(Vec<u8>, Option<Vec<u8>>), CommitError> {
    let mut message = Vec::new();
    let mut signatures: Vec<Vec<u8>> = Vec::new();
    let mut rest = object;
    let mut in_signature = false;
    while !rest.is_empty() && !rest.starts_with(b"\n") {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let (line, after) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
        rest = after;
        let first = [&b"gpgsig "[..], b"gpgsig-sha256 "]
            .iter()
            .find_map(|name| line.strip_prefix(*name));
        let more = line.strip_prefix(b" ").filter(|_| in_signature);
        in_signature = first.is_some() || more.is_some();
        match (first, more, signatures.last_mut()) {
            (Some(line), ..) => signatures.push(line.to_vec()),
            (None, Some(line), Some(signature)) => signature.extend_from_slice(line),
            _ => message.extend_from_slice(line),
        }
    }
    message.extend_from_slice(rest);
    match signatures.len() {
        0 => Err(CommitError::Unsigned),
        1 => Ok((message, signatures.pop())),
        _ => Ok((message, None)),
    }
}

/// A signature of a message's hash.
struct Signature {
    key: PublicKey,
    /// As it was written: it is signed, too.
    reserved: Vec<u8>,
    hash: &'static Algorithm,
    hash_name: Vec<u8>,
    bytes: Vec<u8>,
}

impl Signature {
    /// Reads one for git by a key of ed25519; `None` if it is another, or something else.
    fn parse(armoured: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(armoured).ok()?.trim_ascii();
        let [begin, end] = AROUND;
        let digits = text.strip_prefix(begin)?.strip_suffix(end)?;
        let digits: String = digits.split_ascii_whitespace().collect();
        let blob = BASE64_STANDARD.decode(digits).ok()?;
        let mut rest = blob.strip_prefix(MAGIC)?;
        let version = number(&mut rest)?;
        let key = PublicKey::from_blob(take(&mut rest)?)?;
        let namespace = take(&mut rest)?;
        let reserved = take(&mut rest)?.to_vec();
        let hash_name = take(&mut rest)?.to_vec();
        let hash = match hash_name.as_slice() {
            b"sha256" => &SHA256,
            b"sha512" => &SHA512,
            _ => return None,
        };
        let mut signature = take(&mut rest)?;
        let algorithm = take(&mut signature)?;
        let bytes = take(&mut signature)?.to_vec();
        let is_known = version == 1 && namespace == NAMESPACE && algorithm == ALGORITHM.as_bytes();
        (is_known && rest.is_empty() && signature.is_empty()).then_some(Self {
            key,
            reserved,
            hash,
            hash_name,
            bytes,
        })
    }

    fn is_of(&self, message: &[u8]) -> bool {
        let hash = digest(self.hash, message);
        let signed = [
            MAGIC.to_vec(),
            string(NAMESPACE),
            string(&self.reserved),
            string(&self.hash_name),
            string(hash.as_ref()),
        ];
        self.key.verifies(&signed.concat(), &self.bytes)
    }
}
