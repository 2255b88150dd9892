//! The deploy engine: brings the objects of a target to its cluster, in one process and by one
//! plan, however many services are below it.
//!
//! A run goes through these modules, top to bottom:
//!
//! | module | what it does |
//! |---|---|
//! | [`request`], [`cli`], [`environment`] | what is asked for and how; parsed once |
//! | [`desired`], [`policy`] | the objects and images of the request, read and checked |
//! | [`kubeconfig`], [`credentials`], [`cluster`] | the connection, by context name |
//! | [`session`], [`references`] | what must hold before anything is written, and what is there |
//! | [`plan`], [`compare`], [`order`] | what will be done; pure |
//! | [`apply`], [`remove`] | doing it; the only writers |
//! | [`diff`], [`mask`], [`inspect`] | what would change, and how things stand, for people to read |
//! | [`watch`], [`wait`], [`ready`] | waiting |
//! | [`problem`], [`patience`], [`explain`] | saying why it is not ready, and when to stop |
//! | [`groups`], [`screen`], [`progress`], [`journal`], [`outcome`] | telling people and machines |
//!
//! **Architecture invariants:** every write of a run was in its plan. Nothing reads
//! `current-context`. No object is written outside the namespaces of its environment. A second
//! run with nothing changed writes nothing. Only `main` builds a runtime and ends the process.

pub mod api_error;
pub mod apply;
pub mod cli;
pub mod cluster;
pub mod compare;
pub mod credentials;
pub mod desired;
pub mod diff;
pub mod environment;
mod error;
pub mod explain;
pub mod groups;
pub mod inspect;
pub mod journal;
pub mod kubeconfig;
pub mod mask;
pub mod order;
pub mod outcome;
pub mod patience;
pub mod plan;
pub mod policy;
pub mod problem;
pub mod progress;
pub mod ready;
pub mod references;
pub mod remove;
pub mod request;
pub mod screen;
pub mod session;
pub mod verbs;
pub mod wait;
pub mod watch;

#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::path::Path;

use windlass_runfiles::Launcher;

use cli::{Options, OutputFormat};
use environment::ProcessEnvironment;
pub use error::{Error, Failure, Reason, Targets};
use journal::Journal;
use outcome::Outcome;
use progress::Progress;
use request::DeployRequest;
use verbs::Context;

/// Runs the request beside the launcher `argv0`. `interrupted` ends when the user wants the run
/// to end.
///
/// # Errors
/// See [`Error`]; with it comes how far the run had come.
pub async fn run(
    argv0: Option<&OsStr>,
    options: &Options,
    environment: &ProcessEnvironment,
    interrupted: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let early = |error| Failure {
        error: Box::new(error),
        state: None,
    };
    let launcher = Launcher::find(argv0, &windlass_runfiles::Environment::read())
        .map_err(|error| early(Error::Launcher(error)))?;
    let request =
        DeployRequest::read(&launcher.request()).map_err(|error| early(Error::Request(error)))?;
    let progress = Progress::new(environment.output, Box::new(std::io::stdout()));
    let runfiles = launcher.runfiles();
    run_request(
        &request,
        runfiles,
        options,
        environment,
        &progress,
        interrupted,
    )
    .await
}

/// Runs a request whose files are below `runfiles`.
///
/// # Errors
/// See [`Error`].
pub async fn run_request(
    request: &DeployRequest,
    runfiles: &Path,
    options: &Options,
    environment: &ProcessEnvironment,
    progress: &Progress,
    interrupted: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let journal = Journal::default();
    let context = Context {
        request,
        options,
        runfiles,
        environment,
        journal: &journal,
        progress,
    };
    let result = tokio::select! {
        result = verbs::run(&context) => result,
        () = interrupted => Err(Error::Interrupted),
    };
    report(&context, result)
}

/// Adds how far the run had come, and prints the result document if it is wanted.
fn report(context: &Context<'_>, result: Result<(), Error>) -> Result<(), Failure> {
    let result = result.map_err(|error| {
        let state = context.journal.state();
        let says_it = matches!(
            error,
            Error::Interrupted
                | Error::Write { .. }
                | Error::Overtaken { .. }
                | Error::Delete { .. }
                | Error::Push { .. }
                | Error::Rollout { .. }
                | Error::Timeout { .. }
                | Error::Watch { .. }
                | Error::NotGone { .. }
        );
        let line = if says_it || state.has_written() {
            screen::state_line(&state)
        } else {
            None
        };
        Failure {
            error: Box::new(error),
            state: line,
        }
    });
    if context.options.output() == OutputFormat::Json {
        let state = context.journal.state();
        let seconds = context.journal.seconds();
        let failure = result.as_ref().err();
        let outcome = Outcome::new(context.request, &state, context.options, seconds, failure);
        let text = serde_json::to_string_pretty(&outcome).expect("plain data is JSON") + "\n";
        context
            .progress
            .print(text.as_bytes())
            .map_err(|error| Failure {
                error: Box::new(Error::Output(error)),
                state: None,
            })?;
    }
    result
}

/// Ends at Ctrl-C or SIGTERM.
pub async fn interrupted() {
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    match terminate {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
