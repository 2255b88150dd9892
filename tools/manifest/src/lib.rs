//! From a rendered object to its final manifest, for a build action.
//!
//! A rendered manifest names its images logically (`client`). [`resolve()`] checks what can be
//! checked without a cluster and puts `repository@sha256:...` at the image fields that equal a
//! key. The digest is a build output, so the result is one too.
//!
//! **Architecture invariants:** no cluster and no registry is known here; only [`resolve::run`]
//! touches files; the same input gives the same bytes, with keys in input order.

pub mod cli;
mod error;
pub mod pins;
pub mod resolve;

pub use error::{Cause, Error};
pub use resolve::{Request, resolve};
