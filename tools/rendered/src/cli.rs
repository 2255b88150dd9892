//! The command line: what stands after `--` in `bazel run //:rendered -- --against main`.

use clap::{Parser, ValueEnum};

/// What people type, and what comes of it: the end of `--help`, and a block of the page in docs/cli.
pub const EXAMPLES: &str = "\
Examples:
  bazel run //:rendered
      what is not committed yet
  bazel run //:rendered -- --against=origin/main
      what a branch changes
  bazel run //:rendered -- --against=origin/main --exit-code
      end with 8 if it changes something";

/// Show what a change does to the manifests of each environment, field by field.
///
/// Both sides are rendered by Bazel, each by the rules and the library of its own revision. Images
/// that are built are compared by name, so a new digest is no difference; pinned ones by digest.
#[derive(Clone, Debug, Parser)]
#[command(name = "rendered", max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// The revision to compare with, as git knows it.
    #[arg(long, value_name = "REVISION", default_value = "HEAD")]
    pub against: String,
    /// The revision to look at; without it, the checkout as it is.
    #[arg(long, value_name = "REVISION")]
    pub at: Option<String>,
    /// What to print on stdout.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub output: OutputFormat,
    /// End with 8 if there is a difference.
    #[arg(long)]
    pub exit_code: bool,
    /// Flags for Bazel's query, cquery and build, on both sides: `-- --repo_env=USER=alice`.
    #[arg(last = true, value_name = "BAZEL_FLAG")]
    pub bazel_flags: Vec<String>,
}

/// What goes to stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people.
    Text,
    /// For a comment on a pull request.
    Markdown,
    /// One JSON document: docs/schemas/rendered-diff.v1.json.
    Json,
}
