//! What Kubernetes takes: the schema of its own kinds and of custom resources, and whether an object
//! is as it says.
//!
//! - [`Schemas`]: the kinds of one minor version of Kubernetes, read from `kubernetes/<version>.json`,
//!   to which definitions of custom resources can be added.
//! - [`Schemas::check`]: all that is wrong with an object, each as a [`Finding`] with its field.
//!
//! The check is the strict one of the API server: a field that the schema does not know is wrong, where
//! the server would drop it in silence (`fieldValidation=Strict`). What a server decides by code, such as
//! that a pod needs a container, is left to it.
//!
//! **Architecture invariant:** no file is read here, and no cluster is known.

mod check;
mod crd;
mod finding;
mod schema;

pub use crd::{CrdError, Definition, definitions};
pub use finding::{Finding, Problem, Successor};
pub use schema::Schemas;

#[cfg(test)]
mod tests;
