//! The verbs, one file each.

pub mod build;
pub mod down;
pub mod kubectl;
pub mod plan;
pub mod reset;
pub mod status;
pub mod up;
pub mod with;
pub mod with_api_server;

use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};

use windlass_report::say;

use crate::cli::{Called, StateArgument};
use crate::contexts;
use crate::error::Error;
use crate::k3d::Tools;
use crate::provider::{self, Provider};
use crate::request::Target;
use crate::state::State;
use crate::supervisor;

/// Keeps a cluster running, in the process that `up` starts.
pub fn supervise(state: &Path, called: &Called) -> Result<ExitCode, Error> {
    let environment = &called.environment;
    let state = State::open(state, environment)?;
    supervisor::run(&state, environment).map(|()| ExitCode::SUCCESS)
}

/// The folder that a verb was given; a relative one is relative to where `bazel run` was called.
fn folder(argument: Option<&PathBuf>, called: &Called) -> PathBuf {
    match (argument, called.environment.working_directory()) {
        (None, _) => called.environment.state(),
        (Some(path), Some(from)) => from.join(path),
        (Some(path), None) => path.clone(),
    }
}

/// The cluster's folder, if it was ever made.
fn existing(argument: &StateArgument, called: &Called) -> Result<Option<State>, Error> {
    open(&folder(argument.state.as_ref(), called), called)
}

fn open(path: &Path, called: &Called) -> Result<Option<State>, Error> {
    match path.try_exists() {
        Ok(false) => Ok(None),
        _ => State::open(path, &called.environment).map(Some),
    }
}

/// Says why nothing happens.
fn waiting() {
    say("another caller changes the cluster: waiting");
}

/// What to say of a context of the cluster's name that is not ours, if there is one: it is neither
/// stopped nor removed.
fn left_alone(
    argument: &StateArgument,
    target: &Target,
    called: &Called,
) -> Result<Option<String>, Error> {
    if argument.state.is_some() {
        return Ok(None);
    }
    let found = contexts::foreign(target, None, called)?;
    Ok(found.map(|found| {
        let file = found.file.display();
        format!(
            "{} is a context of {file}: left alone",
            target.request.context
        )
    }))
}

/// Docker and k3d, for the cluster that they have made.
fn k3d_tools(target: &Target, called: &Called) -> Result<Tools, Error> {
    let found = Tools::find(&called.environment);
    found.map_err(|why| Error::Provider {
        context: target.request.context.clone(),
        unfit: vec![(Provider::K3d, why)],
    })
}

/// Refuses who cannot make namespaces, mounts and cgroups.
fn need_root(target: &Target, called: &Called) -> Result<(), Error> {
    provider::root(&called.environment).map_err(|why| Error::Provider {
        context: target.request.context.clone(),
        unfit: vec![(Provider::Embedded, why)],
    })
}

/// The exit code that a shell would give: 128 and the signal for one that was killed.
fn exit_code(status: ExitStatus) -> ExitCode {
    use std::os::unix::process::ExitStatusExt;
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
