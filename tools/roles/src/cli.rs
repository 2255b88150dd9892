//! The command line.

use std::path::PathBuf;

use clap::Parser;

/// Write the rights that an account takes which applies some targets.
#[derive(Clone, Debug, Parser)]
#[command(name = "roles")]
pub struct Arguments {
    /// The request of a target, whose manifests are named from where this runs.
    #[arg(long, value_name = "FILE", required = true)]
    pub request: Vec<PathBuf>,
    /// The rules by namespace, as JSON.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}
