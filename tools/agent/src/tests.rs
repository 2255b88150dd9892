//! Tests of the whole crate.

mod answers;
mod cut_off;
mod errors;
mod loops;
mod refusals;
mod scene;
mod turns;
mod unpacking;
