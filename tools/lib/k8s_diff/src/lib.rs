//! Two forms of one Kubernetes object: the fields in which they differ, and the text of that.
//!
//! - [`changes`]: field by field, in the order in which they are written.
//! - [`mask`]: takes the values out of Secrets before anything of them is shown.
//! - [`text`]: lines for people.
//!
//! **Architecture invariant:** pure: no file, no cluster, no schema.

mod changes;
pub mod mask;
pub mod text;

pub use changes::{FieldChange, changes};
