//! Whole-system tests: the launchers that users run, on a real cluster of the test's own.
//!
//! A case is a function of the [`Harness`]; it asserts, and a panic is its failure. The launchers
//! are in the runfiles, the cluster in the environment that `cluster_test` sets.

pub mod audit;
pub mod cases;
pub mod conformance;
mod expected;
mod harness;
pub mod images;
mod kubectl;
pub mod processes;
pub mod publisher;
pub mod registry;
pub mod routes;
pub mod running;
pub mod wire;

use kubectl::name as kubectl_name;

pub use harness::{Harness, Outcome};
