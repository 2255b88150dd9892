//! The command line: what stands after `--` in `bazel run //tools/page -- --env prod`.

use std::path::PathBuf;

use clap::Parser;

/// What people type, and what comes of it: the end of `--help`, and a block of the page in docs/cli.
pub const EXAMPLES: &str = "\
Examples:
  bazel run //tools/page -- --env=prod
      write deployments-prod/index.html where you stand
  bazel run //tools/page -- --env=prod --output=site
      write it elsewhere";

/// Write a page that says what is deployed in an environment: a table of its objects with image,
/// digest, commit and address.
///
/// It is made of the manifests and pins of the checkout, and asks no cluster and no registry. The page
/// is one file, `index.html`, which loads nothing: put the folder wherever static files are served. Of
/// one commit it is always the same, byte by byte.
#[derive(Clone, Debug, Parser)]
#[command(name = "page", max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// The environment: `prod`.
    #[arg(long, value_name = "ENVIRONMENT")]
    pub env: String,
    /// The folder that the page goes to; `deployments-<environment>` by default, where you stand.
    #[arg(long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// Flags for Bazel's query, cquery and build: `-- --repo_env=USER=alice`.
    #[arg(last = true, value_name = "BAZEL_FLAG")]
    pub bazel_flags: Vec<String>,
}
