//! Pins: which images the environments of a service run, as its lock file `pins.json` says.
//!
//! ```json
//! {
//!   "prod": {
//!     "client": {
//!       "image": "localhost:31000/demo/client@sha256:...",
//!       "commit": "3f9c21a...",
//!       "toolchain": "rustc 1.97.1, --config=release",
//!       "time": "2026-11-29T15:23:33Z",
//!       "who": "ci@example.com"
//!     }
//!   }
//! }
//! ```
//!
//! Environment -> image key -> pin. `image` must have a digest, which says what runs: a tag can be
//! moved. The others say where the image is from: the commit that it was built from, by what, when it
//! was published and by whom. Each of them may be missing.
//!
//! [`Lock::parse`] takes nothing else, a key that stands twice included: of those, serde would
//! keep the last and say nothing. [`Lock`] keeps the order of the file, so that a changed pin
//! is a changed line; its `Display` is the one form of the file.

mod error;
mod file;
mod json;
mod lock;
mod pin;
#[cfg(test)]
mod tests;

pub use error::LockError;
pub use file::FileError;
pub use lock::Lock;
pub use pin::{Commit, ParseError, Pin, Time, Toolchain, Who};
