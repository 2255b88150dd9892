//! The deploy engine: brings the objects of a target to its cluster, in one process and by one
//! plan, however many services are below it.
//!
//! A run goes through these modules, top to bottom:
//!
//! | module | what it does |
//! |---|---|
//! | [`request`], [`cli`], [`help`], [`environment`] | what is asked for and how; parsed once |
//! | [`desired`], [`policy`] | the objects and images of the request, read and checked |
//! | [`kubeconfig`], [`in_cluster`], [`credentials`], [`cluster`] | the connection, by context name or as a pod |
//! | [`session`], [`references`], [`proof`] | what must hold before anything is written, and what is there |
//! | [`inventory`], [`claim`], [`settle`] | what the cluster remembers, whose an object is, what is sent |
//! | [`plan`], [`compare`], [`order`], [`wave`] | what will be done, and in what order; pure |
//! | [`saved`], [`orphans`] | plans in files; what the checkout does not describe any more |
//! | [`execute`], [`apply`], [`remove`], [`store`] | doing it; `apply` and `remove` write what users describe, images go to a store |
//! | [`record`], [`lease`] | keeping the books, and others out: the only other writers |
//! | [`diff`], [`inspect`], [`drawing`] | what would change, how things stand, and a page of it, for people to read |
//! | [`pods`], [`logs`], [`forward`] | whose pods they are, what they say, and a way to them |
//! | [`watch`], [`wait`], [`ready`], [`trim`] | waiting, and what is kept for it |
//! | [`problem`], [`patience`], [`explain`] | saying why it is not ready, and when to stop |
//! | [`roles`] | the rights that all of it takes; pure |
//! | [`ask`] | having it done by the runner of the cluster instead |
//! | [`groups`], [`follow`], [`screen`], [`tree`], [`progress`], [`journal`], [`outcome`], [`events`], [`schemas`] | telling people and machines |
//!
//! **Architecture invariants:** every write of a run was in its plan. Nothing reads
//! `current-context`. No object is written outside the namespaces of its environment. A second
//! run with nothing changed writes nothing. Only `main` builds a runtime and ends the process.

pub mod api_error;
pub mod apply;
pub mod ask;
pub mod claim;
pub mod cli;
pub mod cluster;
pub mod compare;
pub mod credentials;
pub mod desired;
pub mod diff;
pub mod drawing;
pub mod environment;
mod error;
pub mod events;
pub mod execute;
pub mod explain;
pub mod follow;
pub mod forward;
pub mod groups;
pub mod help;
pub mod in_cluster;
pub mod inspect;
pub mod inventory;
pub mod journal;
pub mod kubeconfig;
pub mod lease;
pub mod logs;
pub mod order;
pub mod orphans;
pub mod outcome;
pub mod patience;
pub mod plan;
pub mod pods;
pub mod policy;
pub mod problem;
pub mod progress;
pub mod proof;
pub mod ready;
pub mod record;
pub mod references;
pub mod remove;
pub mod request;
pub mod roles;
pub mod saved;
pub mod schemas;
pub mod screen;
pub mod session;
pub mod settle;
pub mod store;
pub mod tree;
pub mod trim;
pub mod verbs;
pub mod wait;
pub mod watch;
pub mod wave;

#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::path::Path;

use windlass_runfiles::Launcher;

use cli::{Options, OutputFormat};
use environment::{Output, ProcessEnvironment};
pub use error::{Error, Failure, Reason, Targets};
use events::Events;
use journal::Journal;
use lease::Leases;
use outcome::Outcome;
use progress::Progress;
use request::{DeployRequest, Verb};
use verbs::Context;

/// What a process was started as: a launcher and the request beside it.
#[derive(Debug)]
pub struct Launched {
    /// The request.
    pub request: DeployRequest,
    launcher: Launcher,
}

impl Launched {
    /// Finds the launcher by `argv0`, and reads its request.
    ///
    /// # Errors
    /// One of them is not there, or cannot be used.
    pub fn find(argv0: Option<&OsStr>) -> Result<Self, Error> {
        let launcher = Launcher::find(argv0, &windlass_runfiles::Environment::read())
            .map_err(Error::Launcher)?;
        let request = DeployRequest::read(&launcher.request()).map_err(Error::Request)?;
        Ok(Self { request, launcher })
    }
}

/// Runs the request of a launcher. `interrupted` ends when the user wants the run to end.
///
/// # Errors
/// See [`Error`]; with it comes how far the run had come.
pub async fn run(
    launched: Result<Launched, Error>,
    options: &Options,
    environment: &ProcessEnvironment,
    interrupted: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let Launched { request, launcher } = launched.map_err(|error| Failure {
        error: Box::new(error),
        state: None,
    })?;
    let output = match options.output() {
        // Events may come out on the same terminal, in the middle of what is drawn there.
        OutputFormat::Ndjson => Output::Lines,
        OutputFormat::Text | OutputFormat::Json => environment.output,
    };
    let progress = Progress::new(output, Box::new(std::io::stdout()));
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
    let events = match options.output() {
        OutputFormat::Ndjson => Events::to(progress.stdout()),
        OutputFormat::Text | OutputFormat::Json => Events::default(),
    };
    let journal = Journal::start(request, events);
    let leases = Leases::new(environment.holder.clone(), environment.lease);
    let context = Context {
        request,
        options,
        runfiles,
        environment,
        journal: &journal,
        progress,
        leases: &leases,
    };
    let result = tokio::select! {
        result = verbs::run(&context) => result,
        () = interrupted => {
            if options.is_ended_by_users(request.verb) {
                Ok(())
            } else {
                Err(Error::Interrupted)
            }
        }
    };
    leases.release().await;
    progress.settle();
    report(&context, result)
}

/// Adds how far the run had come, and prints the result document if it is wanted.
fn report(context: &Context<'_>, result: Result<(), Error>) -> Result<(), Failure> {
    let result = result.map_err(|error| {
        let state = context.journal.state();
        let says_it = matches!(
            error,
            Error::Interrupted
                | Error::Lost { .. }
                | Error::Write { .. }
                | Error::Overtaken { .. }
                | Error::Delete { .. }
                | Error::Push { .. }
                | Error::Rollout { .. }
                | Error::Timeout { .. }
                | Error::Watch { .. }
                | Error::NotGone { .. }
        );
        // How far the runner has come is not known here.
        let is_ours = context.request.verb != Verb::Worker;
        let line = if is_ours && (says_it || state.has_written()) {
            screen::state_line(&state)
        } else {
            None
        };
        Failure {
            error: Box::new(error),
            state: line,
        }
    });
    let printed = print_outcome(context, result.as_ref().err());
    // Why the run failed says more than that nobody is left to read it.
    result.and(printed.map_err(|error| Failure {
        error: Box::new(Error::Output(error)),
        state: None,
    }))
}

fn print_outcome(context: &Context<'_>, failure: Option<&Failure>) -> std::io::Result<()> {
    let format = context.options.output();
    if format == OutputFormat::Text {
        return Ok(());
    }
    let seconds = context.journal.seconds();
    let outcome = {
        let state = context.journal.state();
        Outcome::new(context.request, &state, context.options, seconds, failure)
    };
    if format == OutputFormat::Ndjson {
        return context.journal.end(outcome);
    }
    let text = serde_json::to_string_pretty(&outcome).expect("plain data is JSON") + "\n";
    context.progress.print(text.as_bytes())
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
