//! `image`: makes layers and manifests as build actions, and pushes what they made.
//!
//! | verb | reads | writes |
//! |---|---|---|
//! | `certificates` | files of certificates | one file of them all |
//! | `layer` | files | a layer's blob, and its metadata: digest, size, diff id |
//! | `manifest` | layers' metadata, never a blob | config, manifest, and the manifest's descriptor |
//! | `index` | descriptors and configs of images | an index, and its descriptor |
//! | `pull` | a registry | a lock: manifests and configs of a base image |
//! | `import` | a layout, an archive or a lock | config, manifest, descriptor |
//! | `layout` | all of an image | an OCI layout directory |
//! | `push` | requests | registries |
//! | `attest` | a registry | what an image was built from, signed: there and into a file |
//! | `attestation` | a registry | what is said of an image there, into a file |
//! | `inspect`, `diff` | OCI layout directories | what is in them, and in what two of them differ |
//! | `check` | an OCI layout directory | in what it is not as an `image_test` expects |
//!
//! Without arguments it is an `image_test`: the tool, its request the file `<test>.json` beside it.
//!
//! Formats are those of the OCI image specification 1.1. The same inputs give the same bytes on
//! every machine: order, owner, time and compression are fixed, and nothing else is recorded.
//! Layers are hashed with ring while they are written, manifests and configs with sha2.
//!
//! **Architecture invariant:** only [`Environment::read`] reads the environment, and no verb that
//! build actions run looks at it; only `main` builds a runtime.

mod archive;
mod attest;
mod attestation;
mod bars;
mod base;
mod certificates;
mod check;
pub mod cli;
mod compress;
mod contents;
mod diff;
mod digesting;
mod docker_archive;
mod environment;
mod error;
mod image_path;
mod import;
mod index;
mod inspect;
mod layer;
mod layout;
mod lock;
mod lookup;
mod manifest;
mod oci_layout;
mod output;
mod platform;
mod pull;
mod push;
mod select;
mod size;

pub use certificates::CertificatesError;
pub use cli::run;
pub use environment::Environment;
pub use error::Error;

#[cfg(test)]
mod tests {
    mod attesting;
    mod bench;
    mod checking;
    mod documented;
    mod errors;
    mod locking;
    mod looking;
    mod maker;
    mod taking;
}
