//! From a rendered object to its final manifest, for build actions.
//!
//! A rendered manifest names its images logically (`client`). [`resolve()`] checks what can be
//! checked without a cluster and puts `repository@sha256:...` at the image fields that equal a
//! key. The digest is a build output, so the result is one too. [`check::run`] looks whether Kubernetes
//! takes the object at all, in an action of its own that no digest is an input of; [`closure::run`]
//! whether what the objects of a deep target refer to is among them. Where images are pinned,
//! [`pins::run`] has checked the service's lock file and taken out what the environment runs.
//!
//! **Architecture invariants:** no cluster and no registry is known here; only the `run` functions
//! touch files; the same input gives the same bytes, with keys in input order.

pub mod check;
pub mod cli;
pub mod closure;
mod error;
mod file;
mod known;
pub mod pins;
pub mod policy;
pub mod resolve;
#[cfg(test)]
mod tests;
mod user;
mod worker;

pub use error::{Cause, Error};
pub use known::Known;
pub use resolve::{Request, resolve};
pub use worker::work;

/// Does what the command line says. Gives what is to be said although all is well.
///
/// # Errors
/// See [`Error`].
pub fn run(arguments: &cli::Arguments, known: &mut Known) -> Result<Vec<String>, Error> {
    let silent = |()| Vec::new();
    match &arguments.command {
        cli::Command::Check(arguments) => check::run(arguments, known),
        cli::Command::Closure(arguments) => closure::run(arguments).map(silent),
        cli::Command::Resolve(arguments) => resolve::run(arguments),
        cli::Command::Pins(arguments) => pins::run(arguments).map(silent),
    }
}
