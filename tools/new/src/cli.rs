//! The command line: what stands after `--` in `bazel run //tools/new -- service greeter`.

use clap::{Parser, Subcommand};

use crate::verbs::{repo, service};

/// Write a workspace that depends on windlass, or a service in one.
///
/// The files are printed on stdout, one a line. One that is there is never changed: a run writes all of its files or none.
#[derive(Clone, Debug, Parser)]
#[command(name = "new", max_term_width = 100)]
pub struct Cli {
    /// What to write.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What the tool can write.
#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Write a workspace with one service.
    Repo(repo::Arguments),
    /// Add a service to the workspace: proto, Rust, Jsonnet, BUILD and tests.
    Service(service::Arguments),
}
