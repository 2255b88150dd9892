//! The loop as a whole, in a process: a Bazel and an API server that are fakes.

mod errors;
mod fake;
mod rounds;
