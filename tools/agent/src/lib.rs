//! Production by intent: what environments run is what the main branch says, and two agents bring it
//! there, in roles that share no rights.
//!
//! | role | has | does |
//! |---|---|---|
//! | [`publish`] | a checkout, Bazel, the registry, a key to sign by | makes releases of commits |
//! | [`apply`] | a cluster | brings the release of the newest commit to it |
//!
//! All that goes from one to the other is a [`release`], in a registry.
//!
//! | module | what it does |
//! |---|---|
//! | [`request`], [`cli`], [`environment`] | the constants, what is asked for, and where; parsed once |
//! | [`release`] | how releases are called: what both roles must agree on |
//! | [`publish`], [`apply`] | a role each |
//!
//! **Architecture invariants:** neither role uses a module of the other. [`publish`] knows no
//! cluster; [`apply`] starts no program of the repository that it follows, and writes to no registry.

pub mod apply;
pub mod cli;
pub mod environment;
mod error;
pub mod publish;
pub mod release;
pub mod remote;
pub mod request;
#[cfg(test)]
mod tests;

pub use error::Error;

use std::ffi::OsStr;

use windlass_report::Explain;

use cli::{Cli, Role};
use environment::Environment;
use request::AgentRequest;

/// Carries out a command line for the launcher `argv0`, whose request has the constants.
///
/// # Errors
/// See [`Error`], and those of the roles.
pub async fn run(
    argv0: Option<&OsStr>,
    cli: &Cli,
    environment: &Environment,
) -> Result<(), Box<dyn Explain>> {
    let request = request(argv0, environment);
    let request = request.map_err(|error| Box::new(error) as Box<dyn Explain>)?;
    match &cli.role {
        Role::Publish(arguments) => {
            let done = publish::run(arguments, &request, environment).await;
            done.map_err(|error| Box::new(error) as Box<dyn Explain>)
        }
        Role::Apply(arguments) => {
            let done = apply::run(arguments, &request, environment).await;
            done.map_err(|error| Box::new(error) as Box<dyn Explain>)
        }
    }
}

fn request(argv0: Option<&OsStr>, environment: &Environment) -> Result<AgentRequest, Error> {
    let launcher = windlass_runfiles::called(argv0, &environment.runfiles);
    let launcher = launcher.map_err(Error::Launcher)?;
    AgentRequest::read(&windlass_runfiles::request(&launcher))
}
