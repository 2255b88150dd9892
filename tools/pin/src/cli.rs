//! The command line: what stands after `--` in `bazel run //tools/pin -- list`.

use clap::{Parser, Subcommand, ValueEnum};

use crate::verbs::{list, promote, rollback, set, verify};

/// How hints name this tool.
pub const COMMAND: &str = "bazel run //tools/pin --";

/// Which images the environments run, as the pins.json of each service says.
#[derive(Clone, Debug, Parser)]
#[command(name = "pin", max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What the tool can do.
#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Pin an image that is in its registry, in the checkout; committing it is yours.
    Set(set::Arguments),
    /// Have an environment run what another one runs.
    Promote(promote::Arguments),
    /// Have an environment run what it ran before its last change, as git knows it.
    Rollback(rollback::Arguments),
    /// Ask registries and git whether what the pins say holds.
    Verify(verify::Arguments),
    /// Show the pins of all services, and what has none.
    List(list::Arguments),
    /// Print what compiles here, as `--toolchain` of `set` and of `image attest` takes it.
    Toolchain,
}

/// What goes to stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// A table, for people.
    Text,
    /// One JSON document.
    Json,
}
