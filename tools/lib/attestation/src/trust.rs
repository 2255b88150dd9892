//! Whose word counts: the keys of a cluster, and verifying by them.
//!
//! ```json
//! {"keys": ["ssh-ed25519 AAAA... ci@example"],
//!  "committers": ["alice@example.com ssh-ed25519 AAAA..."]}
//! ```
//!
//! `keys` say what was built from which commit. `committers` say which commits protected environments
//! may run, in lines of allowed signers (ssh-keygen(1)) without options.
//!
//! It is the key [`FILE`] of `ConfigMap` [`CONFIG_MAP`] in namespace [`NAMESPACE`].

use serde::Deserialize;

use crate::commit::Committer;
use crate::envelope::{Envelope, PAYLOAD_TYPE};
use crate::key::{KeyError, KeyId, PublicKey};
use crate::provenance::{Provenance, ProvenanceError};

/// The namespace that has the roots.
pub const NAMESPACE: &str = "windlass-system";

/// The `ConfigMap` that has them.
pub const CONFIG_MAP: &str = "windlass-trust";

/// Their key in it.
pub const FILE: &str = "keys.json";

/// Whose signatures count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustRoots {
    /// The keys of who builds, each once.
    keys: Vec<PublicKey>,
    /// Who may sign commits.
    committers: Vec<Committer>,
}

/// Why a text holds no trust roots.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum TrustError {
    /// Not the JSON of them.
    #[error("it is not {{\"keys\": [\"ssh-ed25519 AAAA... ci@example\"]}}")]
    Json(#[source] serde_json::Error),
    /// A key that is none.
    #[error("`keys[{at}]` is no key")]
    Key {
        /// Which one.
        at: usize,
        /// Why.
        source: KeyError,
    },
    /// A key that stands there twice.
    #[error("keys: `{key}` stands there twice; remove one")]
    Twice {
        /// The key.
        key: KeyId,
    },
    /// Nobody is trusted.
    #[error("keys: got none, want one or more")]
    Empty,
    /// A committer that is none.
    #[error("`committers[{at}]` is none")]
    Committer {
        /// Which one.
        at: usize,
        /// Why.
        source: Box<KeyError>,
    },
}

/// Why the word of an envelope does not count.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum VerifyError {
    /// Whoever signed it is not trusted.
    #[error("signed by `{got}`, which is no trust root; want {want}")]
    UnknownKey {
        /// The keys that it is said to be signed by.
        got: String,
        /// The trust roots.
        want: String,
    },
    /// A key that is trusted has not signed this.
    #[error(
        "the signature is not of `{key}`: the attestation was changed, or signed by another key"
    )]
    Signature {
        /// The key.
        key: KeyId,
    },
    /// Signed, and something else.
    #[error("payloadType: got `{got}`, want `{PAYLOAD_TYPE}`")]
    PayloadType {
        /// What it is.
        got: String,
    },
    /// Signed, and not understood.
    #[error("the payload does not hold")]
    Provenance(#[source] ProvenanceError),
}

impl TrustRoots {
    /// Reads them.
    pub fn parse(text: &str) -> Result<Self, TrustError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Document {
            keys: Vec<String>,
            #[serde(default)]
            committers: Vec<String>,
        }
        let document: Document = serde_json::from_str(text).map_err(TrustError::Json)?;
        let mut keys: Vec<PublicKey> = Vec::new();
        for (at, line) in document.keys.iter().enumerate() {
            let key: PublicKey = line
                .parse()
                .map_err(|source| TrustError::Key { at, source })?;
            if keys.contains(&key) {
                return Err(TrustError::Twice { key: key.id() });
            }
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(TrustError::Empty);
        }
        let mut committers = Vec::new();
        for (at, line) in document.committers.iter().enumerate() {
            let committer = line.parse().map_err(Box::new);
            committers.push(committer.map_err(|source| TrustError::Committer { at, source })?);
        }
        Ok(Self { keys, committers })
    }

    /// Who may sign commits that protected environments run.
    pub fn committers(&self) -> &[Committer] {
        &self.committers
    }

    /// What an envelope says, if one of these keys has signed it. Of several signatures one is
    /// enough. Names of keys only choose which one to try: they are not signed themselves.
    pub fn verify(&self, envelope: &Envelope) -> Result<Provenance, VerifyError> {
        let message = envelope.pae();
        let mut claimed = None;
        for signature in &envelope.signatures {
            let Some(key) = self.keys.iter().find(|key| key.id() == signature.key) else {
                continue;
            };
            if key.verifies(&message, &signature.bytes) {
                return read(envelope);
            }
            claimed = Some(key.id());
        }
        if let Some(key) = claimed {
            return Err(VerifyError::Signature { key });
        }
        let signers = envelope.signatures.iter();
        Err(VerifyError::UnknownKey {
            got: joined(signers.map(|signature| signature.key.clone()), "`, `"),
            want: format!(
                "`{}`",
                joined(self.keys.iter().map(PublicKey::id), "` or `")
            ),
        })
    }
}

/// What a verified envelope says.
fn read(envelope: &Envelope) -> Result<Provenance, VerifyError> {
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(VerifyError::PayloadType {
            got: envelope.payload_type.escape_debug().to_string(),
        });
    }
    Provenance::parse(&envelope.payload).map_err(VerifyError::Provenance)
}

fn joined(keys: impl Iterator<Item = KeyId>, between: &str) -> String {
    let keys: Vec<_> = keys.map(|key| key.to_string()).collect();
    keys.join(between)
}
