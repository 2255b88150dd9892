//! The rights that an account takes which applies some targets, for its Role: those that
//! `<target>.roles` prints, of all of them together, as a build output.

pub mod cli;
mod error;

#[cfg(test)]
mod tests;

use std::path::Path;

use windlass_deploy::desired::{Checks, Desired};
use windlass_deploy::request::DeployRequest;
use windlass_deploy::roles::{Roles, roles};
use windlass_deploy::session::environment_of;

use cli::Arguments;
pub use error::Error;

/// Reads the requests, and writes the rules.
///
/// # Errors
/// See [`Error`].
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let mut all = Roles::default();
    for path in &arguments.request {
        all.add(&roles_of(path)?);
    }
    let text = serde_json::to_string(&all.rules()).expect("plain data is JSON") + "\n";
    std::fs::write(&arguments.out, text).map_err(|source| Error::Write {
        path: arguments.out.clone(),
        source,
    })
}

fn roles_of(path: &Path) -> Result<Roles, Error> {
    let unusable = |error| Error::Request(Box::new(error));
    let request = DeployRequest::read(path).map_err(windlass_deploy::Error::Request);
    let request = request.map_err(unusable)?;
    let environment = environment_of(&request).map_err(unusable)?;
    let desired = Desired::load(&request, environment, Path::new(""), Checks::All);
    let roles = roles(&request, &desired.map_err(unusable)?);
    match roles.in_no_namespace() {
        None => Ok(roles),
        Some(object) => Err(Error::Cluster {
            target: request.target.clone(),
            object: object.to_owned(),
        }),
    }
}
