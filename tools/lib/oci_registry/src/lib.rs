//! Puts images into registries, as little of them as possible.
//!
//! [`Client::push`] does, for one image (OCI distribution specification 1.1, "Pushing"):
//!
//! 1. `HEAD` the manifest by its tags, and by its digest if none of them is right. If it is there,
//!    so is all it names: done.
//! 2. For each layer and the config, at the same time: have it mounted from another repository, else
//!    `HEAD` it; if it is missing, `POST` to open an upload and `PUT` the file in one piece, or, if
//!    it is large, `PATCH` it so that it goes on after a cut. The digest is known from the build, so
//!    the file is read once, while it is sent, and never hashed here. The registry checks it. A
//!    layer of a base is read from its own registry instead.
//! 3. `PUT` what an index names, and then the manifest: by its tags, by its digest if there are none.
//!    A reader never sees a manifest whose blobs are missing.
//!
//! Each of these is repeated on 429, 5xx and lost connections, a blob from its `HEAD` on. The
//! number of requests at one time is bounded per [`Client`], so one client serves a whole run.
//!
//! Plain http is spoken to loopback and where [`Transport::PlainHttp`] says so; credentials never
//! go over it. Who we are is looked up only after a registry has said 401, and again when a token
//! has expired.
//!
//! The library reads no environment (reqwest does: proxies and certificate authorities) and no home
//! folder, and prints nothing. A rustls `CryptoProvider` must be installed by `main` before
//! [`Client::new`].

mod client;
mod copy;
mod credentials;
mod document;
mod error;
mod identity;
mod image;
mod pools;
mod progress;
mod pull;
mod push_request;
mod read;
mod referrer;
mod retry;
mod session;
mod target;
#[cfg(test)]
mod tests;
mod token;
mod upload;

pub use client::{Client, Push, Pushed, Settings};
pub use credentials::{ConfigError, ConfigPlaces, DockerConfig};
pub use document::{descriptor, descriptor_of, index_of, to_canonical_json};
pub use error::{Cause, Error, ImageError, Request};
pub use image::{Blob, Image, ImageFiles, LayerFiles, LayerMetadata, Place, Source};
pub use progress::{Event, Progress, Silent};
pub use pull::Manifest;
pub use push_request::PushRequest;
pub use referrer::{Content, ORIGIN, Statement, Subject};
pub use retry::Retry;
pub use target::{Target, Transport};
pub use upload::Sent;
