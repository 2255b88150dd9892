//! The command line. Whoever runs a test gives no argument: all of it stands in the request.

use clap::Parser;

/// Run the `apply` of a target against an API server of its own, twice, and compare what it did
/// with what it is expected to do.
#[derive(Clone, Copy, Debug, Parser)]
#[command(name = "apply_test")]
pub struct Cli {
    /// The API server is there: `KUBECONFIG` names it.
    #[arg(long, hide = true)]
    pub inside: bool,
}
