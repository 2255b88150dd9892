//! `--publish`: makes releases of the commits of the main branch.

mod error;

pub use error::Error;

use crate::environment::Environment;
use crate::request::AgentRequest;

/// Publish what the main branch says.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// One turn, instead of turns for ever.
    #[arg(long)]
    pub once: bool,
}

/// Publishes.
///
/// # Errors
/// See [`Error`].
pub async fn run(
    _arguments: &Arguments,
    _request: &AgentRequest,
    environment: &Environment,
) -> Result<(), Error> {
    if environment.workspace.is_none() {
        return Err(Error::NoWorkspace);
    }
    Ok(())
}
