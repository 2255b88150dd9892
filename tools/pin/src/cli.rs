//! The command line: what stands after `--` in `bazel run //tools/pin -- list`.

use clap::{Parser, Subcommand, ValueEnum};

use crate::verbs::{list, promote, rollback, set, verify};

/// How hints name this tool.
pub const COMMAND: &str = "bazel run //tools/pin --";

/// What people type, and what comes of it: the end of `--help`, and a block of the page in docs/cli.
pub const EXAMPLES: &str = "\
Examples:
  bazel run //tools/pin -- list
      all pins, and what has none
  bazel run //tools/pin -- list --env=staging --output=json
      those of one environment, for programs
  bazel run //tools/pin -- verify --env=staging
      is each image there, and built from its commit?
  bazel run //tools/pin -- promote --from=staging --to=prod --all
      have prod run what staging runs
  bazel run //tools/pin -- rollback --env=staging --service=//services/client
      back to what it ran before";

/// Which images the environments run, as the pins.json of each service says.
#[derive(Clone, Debug, Parser)]
#[command(name = "pin", max_term_width = 100, after_help = EXAMPLES)]
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
