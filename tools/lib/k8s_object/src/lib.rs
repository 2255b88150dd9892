//! One Kubernetes object, parsed once at the edge, and the rules that hold for every object here.
//!
//! - [`Object`]: a manifest as JSON with its identity ([`Key`]) taken out and checked.
//! - [`images`]: the image fields of pod templates, to read and to replace, never by text search.
//! - [`quantity`]: the canonical form of `cpu: 500m` and `memory: 1Gi`.
//! - [`canonical`]: what a digest of a manifest is computed of.
//! - [`Environment`]: which namespace an environment may write to, and what `$USER` may be.
//!
//! The crate knows names and places of fields, and no cluster.

mod canonical;
mod environment;
pub mod images;
mod key;
mod object;
pub mod quantity;

pub use canonical::canonical;
pub use environment::{
    Environment, NamespaceRefused, Ownership, PERSONAL_ANNOTATION, Scope, check_personal,
};
pub use key::{ApiVersion, FieldError, Key, Kind, Name, Namespace, is_cluster_scoped};
pub use object::{Object, ParseError};

#[cfg(test)]
mod tests {
    mod errors;
}
