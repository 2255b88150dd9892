//! YAML to JSON, for a build action, as kubectl reads it.
//!
//! A file goes in; out come its documents ([`load()`]) as JSON files ([`to_json`]). A value here is
//! what `kubectl apply` would send, or it is refused: where kubectl takes something in a way that
//! its author can hardly mean, nobody finds out from a diff (`docs/adr/0007-yaml.md`).
//!
//! **Architecture invariants:** only [`to_json::run`] touches files; [`load()`] is pure, never
//! recurses, and copies no more than [`MAX_COPIED`] for aliases; the same input gives the same
//! bytes, with keys in source order.

pub mod cli;
mod documents;
mod error;
mod excerpt;
mod load;
mod mapping;
mod scalar;
mod tag;
#[cfg(test)]
mod tests;
pub mod to_json;

pub use error::{Cause, Error, Refusal, Want, Why};
pub use load::{Document, MAX_COPIED, MAX_DEPTH, load};
