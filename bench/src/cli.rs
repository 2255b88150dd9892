//! The command line: what stands after `--` in `bazel run //bench:plan -- --json`.

use clap::Parser;

/// Measures, and prints a table: medians, and ratios to peers and aims.
#[derive(Clone, Debug, Parser)]
pub struct Options {
    /// Print the results as JSON.
    #[arg(long)]
    pub json: bool,
    /// How often each is measured; the median counts.
    #[arg(long, value_name = "N", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub runs: u32,
}

/// Measures the deploy tool beside kubectl.
#[derive(Clone, Debug, Parser)]
pub struct ApplyOptions {
    /// What every benchmark is asked.
    #[command(flatten)]
    pub common: Options,
    /// The kubeconfig context of the cluster; the target names it.
    #[arg(long)]
    pub context: String,
}

/// Measures Bazel with many services.
#[derive(Clone, Debug, Parser)]
pub struct MonorepoOptions {
    /// What every benchmark is asked.
    #[command(flatten)]
    pub common: Options,
    /// How many services there are; builds of them are compared with builds of 30.
    #[arg(long, value_name = "N", default_value_t = 300,
          value_parser = clap::value_parser!(u32).range(31..))]
    pub services: u32,
    /// A flag for each build; may be repeated.
    #[arg(long, value_name = "FLAG", allow_hyphen_values = true)]
    pub bazel_flag: Vec<String>,
}
