//! `--apply`: brings the release of the newest commit of a branch to a cluster.

mod error;

pub use error::Error;

use crate::environment::Environment;
use crate::request::AgentRequest;

/// Apply what the main branch says to one environment.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The environment.
    #[arg(long, value_name = "NAME")]
    pub env: String,
    /// One turn, instead of turns for ever.
    #[arg(long)]
    pub once: bool,
}

/// Applies.
///
/// # Errors
/// See [`Error`].
pub async fn run(
    arguments: &Arguments,
    request: &AgentRequest,
    _environment: &Environment,
) -> Result<(), Error> {
    if request.environment(&arguments.env).is_none() {
        return Err(Error::UnknownEnvironment {
            got: arguments.env.clone(),
            want: request.names(),
        });
    }
    Ok(())
}
