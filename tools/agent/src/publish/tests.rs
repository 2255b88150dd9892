//! The role as `main` runs it: a bare repository on disk, a registry and an agent of ssh in the process,
//! and a Bazel that builds what a commit says.

mod bazel;
mod bench;
mod errors;
mod faults;
mod turns;
