//! `reset`: the cluster ends and nothing of it stays.

use std::process::ExitCode;

use windlass_report::say;

use crate::cli::{Called, StateArgument};
use crate::error::Error;
use crate::kubeconfig;
use crate::node::{self, Stopped};
use crate::programs;
use crate::request::Provider;
use crate::state::State;

/// Stops the cluster and removes its folder.
pub fn run(
    argument: &StateArgument,
    provider: &Provider,
    called: &Called,
) -> Result<ExitCode, Error> {
    let context = &provider.request.context;
    if let Some(state) = super::existing(argument, called) {
        let _lock = state.lock(|| say("another caller changes the cluster: waiting"))?;
        if node::stop(&state) == Stopped::Failed {
            return super::down::run(argument, provider, called);
        }
        unmerge(&state, context)?;
        programs::remove(state.path())?;
    }
    say(&format!("{context} and all its data are gone"));
    Ok(ExitCode::SUCCESS)
}

/// Takes the context out of the kubeconfig that `--merge-kubeconfig` put it in, if it is ours still.
fn unmerge(state: &State, name: &str) -> Result<(), Error> {
    let Ok(file) = std::fs::read_to_string(state.merged()) else {
        return Ok(());
    };
    let file = std::path::PathBuf::from(file);
    let (Some(theirs), Some(ours)) = (
        kubeconfig::read(&file)?,
        kubeconfig::read(&state.kubeconfig())?,
    ) else {
        return Ok(());
    };
    let authority = |config| kubeconfig::context(config, name, &file).map(|found| found.authority);
    if authority(&theirs) == authority(&ours) {
        kubeconfig::write(&file, &kubeconfig::remove(theirs, name))?;
    }
    Ok(())
}
