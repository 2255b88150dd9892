//! Attestations: who says of an image which commit it was built from, and proves it.
//!
//! | module | what it is | its source |
//! |---|---|---|
//! | [`provenance`] | what is said: an in-toto Statement v1 with SLSA provenance v1 | in-toto attestation framework, `spec/v1/statement.md`; slsa.dev/provenance/v1 |
//! | [`envelope`] | how it is signed: DSSE, the JSON envelope | secure-systems-lab/dsse, `protocol.md`, `envelope.md` |
//! | [`key`] | public keys of ed25519, as OpenSSH writes them | RFC 8709, RFC 4253 section 6.6 |
//! | [`signer`], [`agent`] | who signs: a command, or ssh-agent | draft-miller-ssh-agent |
//! | [`commit`] | who has signed a commit | OpenSSH, `PROTOCOL.sshsig`; git's `gitformat-signature` |
//! | [`beside`] | where they are kept: beside the image in its registry, and beside its pin | OCI distribution specification 1.1, "Listing Referrers" |
//! | [`trust`] | whose word counts: the roots of a cluster | this project |
//!
//! **Architecture invariants:** no private key is ever read: signing is somebody else's. Nothing of
//! a payload is looked at before a signature of a trusted key holds. A statement that is read is
//! one of an image, a repository, a commit and a toolchain; another one is refused.

pub mod agent;
pub mod beside;
pub mod commit;
pub mod envelope;
pub mod key;
pub mod provenance;
pub mod signer;
#[cfg(test)]
mod tests;
pub mod trust;

pub use commit::{CommitError, Committer};
pub use envelope::{Envelope, EnvelopeError, pae};
pub use key::{KeyError, KeyId, PublicKey};
pub use provenance::{Mismatch, Provenance, ProvenanceError};
pub use signer::{Key, SignError, Signer};
pub use trust::{TrustError, TrustRoots, VerifyError};
