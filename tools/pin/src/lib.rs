//! Pins: `bazel run //tools/pin -- set ...` writes the digest of a pushed image into the lock file
//! of a service, `pins.json`, in the checkout; `promote` and `rollback` change those of many
//! services; `verify` asks whether they hold, and `list` shows them.
//!
//! What an environment runs is what the repository says, so this tool asks registry and git whether
//! the image is what it is said to be, and then edits files. A person reads the change.
//!
//! | module | what it does |
//! |---|---|
//! | [`request`], [`cli`], [`environment`] | the constants, what is asked for, and where; parsed once |
//! | [`checkout`], [`selection`], [`bazel`] | services: all, some, or those that a target reaches |
//! | [`pins_file`] | their lock files |
//! | [`git`] | history, and commits of pins |
//! | [`checks`] | what must hold of an image before it is pinned |
//! | [`attestations`] | what proves it, taken along |
//! | [`deliver`] | changed pins, into the checkout or a commit |
//! | [`typed`] | what people are told to type |
//! | [`verbs`] | a file each |
//!
//! **Architecture invariants:** only [`pins_file`] writes to the checkout, by renames, all files or
//! none; only [`git`] writes to the repository, and pushes nothing. The registry is asked and never
//! written to. No cluster is known here.

pub mod attestations;
pub mod bazel;
pub mod checkout;
pub mod checks;
pub mod cli;
pub mod deliver;
pub mod environment;
mod error;
pub mod git;
pub mod pins_file;
pub mod request;
pub mod selection;
#[cfg(test)]
mod tests;
pub mod typed;
pub mod verbs;

pub use error::{Error, Reason};

use std::ffi::OsStr;
use std::io::Write;

use windlass_runfiles::Launcher;

use checkout::Checkout;
use cli::{Cli, Verb};
use environment::Environment;
use request::PinRequest;
use verbs::{Context, Outcome};

/// Carries out a command line for the launcher `argv0`, whose request has the constants. Data goes
/// to `out`, the rest to stderr.
///
/// # Errors
/// See [`Error`]; then the checkout is as it was, unless it is [`Error::Output`] or [`Error::Difference`].
pub async fn run(
    argv0: Option<&OsStr>,
    cli: &Cli,
    environment: &Environment,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let outcome = outcome(argv0, cli, environment).await?;
    for note in &outcome.notes {
        windlass_report::say(note);
    }
    out.write_all(outcome.data.as_bytes())
        .and_then(|()| out.flush())
        .map_err(Error::Output)?;
    outcome.failure.map_or(Ok(()), Err)
}

async fn outcome(
    argv0: Option<&OsStr>,
    cli: &Cli,
    environment: &Environment,
) -> Result<Outcome, Error> {
    let launcher = Launcher::find(argv0, &environment.runfiles).map_err(Error::Launcher)?;
    let context = Context {
        request: PinRequest::read(&launcher.request())?,
        checkout: Checkout::of(environment)?,
        environment: environment.clone(),
    };
    match &cli.verb {
        Verb::Set(arguments) => verbs::set::run(arguments, &context).await,
        Verb::Promote(arguments) => verbs::promote::run(arguments, &context).await,
        Verb::Rollback(arguments) => verbs::rollback::run(arguments, &context).await,
        Verb::Verify(arguments) => verbs::verify::run(arguments, &context).await,
        Verb::List(arguments) => verbs::list::run(arguments, &context),
        Verb::Toolchain => verbs::toolchain::run(&context),
    }
}
