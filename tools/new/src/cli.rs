//! The command line: what stands after `--` in `bazel run //tools/new -- service greeter`.

use clap::{Parser, Subcommand};

use crate::verbs::{repo, service};

/// What people type, and what comes of it: the end of `--help`, and a block of the page in docs/cli.
pub const EXAMPLES: &str = "\
Examples:
  bazel run @windlass//tools/new -- service greeter --deps //services/hello
      a service that calls another one
  bazel run @windlass//tools/new -- service greeter --dry-run
      only say which files it would be
  ./bazelw run //tools/new -- repo ~/shop --project shop
      from a checkout of windlass: a workspace that depends on it";

/// Write a workspace that depends on windlass, or a service in one.
///
/// The files are printed on stdout, one a line. One that is there is never changed: a run writes all of its files or none.
#[derive(Clone, Debug, Parser)]
#[command(name = "new", max_term_width = 100, after_help = EXAMPLES)]
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
