//! Runs of the tool on a repository of git and a Bazel that says what the case has put there.

mod answers;
mod errors;
mod fake;
