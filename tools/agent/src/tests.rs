//! Tests of the whole crate.

mod errors;
