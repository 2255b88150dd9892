//! Names of images, parsed once: what is behind one of these types needs no second look.
//!
//! | type | example |
//! |---|---|
//! | [`Digest`] | `sha256:` and 64 lower-case hex digits |
//! | [`Registry`] | `localhost:31000`, `[::1]:5000`, `ghcr.io` |
//! | [`Repository`] | `localhost:31000/demo/client` |
//! | [`Tag`] | `v1.2` |
//! | [`ImageReference`] | `localhost:31000/demo/client@sha256:...`, `ghcr.io/a/b:v1` |
//!
//! The grammar is that of the OCI distribution specification 1.1 ("Pulling manifests") and of
//! the reference grammar in `distribution/reference`, with nothing filled in: no default registry,
//! no `library/`, no `latest`. All types read and write JSON strings.

mod digest;
mod error;
mod image;
mod registry;
mod repository;

pub use digest::Digest;
pub use error::{Kind, ParseError};
pub use image::{ImageReference, Tag};
pub use registry::Registry;
pub use repository::Repository;

/// `FromStr` is written by hand; everything that follows from it is here.
macro_rules! string_type {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = $crate::ParseError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}

pub(crate) use string_type;
