//! Puts images straight into the containerd of a node on this machine: no registry, and of an image
//! only what is missing.
//!
//! [`Client::push`] does, for one image (containerd 1.7 and 2, API v1):
//!
//! 1. `Images/Get` by the name that stands in manifests, and `Content/Info` of all that the image is
//!    made of. If all is there, that is all.
//! 2. A lease, so that nothing is collected before the image names it. It expires by itself: what a
//!    run that was killed has brought is there for the next one.
//! 3. `Content/Write` of each blob, then of the manifests, with labels that say what they need. It
//!    answers first whether the blob is there, or how much of it: a write that broke off goes on.
//!    containerd checks size and digest.
//! 4. `Images/Create`, then a look until the part of containerd that Kubernetes talks to has taken
//!    the image over: a pod that is made now is started without a pull.
//!
//! The messages are those few fields of containerd's API that this needs, by hand: its own crate
//! has all, and is built by `protoc`.
//!
//! The library reads no environment and prints nothing.

mod client;
mod connection;
mod content;
mod error;
#[cfg(test)]
mod tests;
mod wire;

pub use client::{Client, Settings};
pub use error::{Cause, Error};
