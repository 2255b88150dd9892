//! The command line. Bazel's actions give it as `@file`, one argument a line.

use clap::Parser;

/// Check Jsonnet. Without arguments: the test whose request is beside this program.
#[derive(Debug, Clone, Parser)]
#[command(name = "jsonnet_check")]
pub(crate) struct Cli {
    /// What to check.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the tool can check in an action.
#[derive(Debug, Clone, clap::Subcommand)]
pub(crate) enum Command {
    /// Check that each of a target's `deps` is imported.
    Deps(crate::deps::Args),
}
