//! `reset`: the cluster ends and nothing of it stays.

use std::process::ExitCode;

use windlass_report::say;

use crate::cli::{Called, StateArgument};
use crate::error::Error;
use crate::k3d::Cluster;
use crate::kubeconfig;
use crate::node::{self, Stopped};
use crate::request::Target;
use crate::state::State;

/// Stops the cluster and removes what it has in its folder.
pub fn run(argument: &StateArgument, target: &Target, called: &Called) -> Result<ExitCode, Error> {
    let context = &target.request.context;
    let Some(state) = super::existing(argument, called)? else {
        let alone = super::left_alone(argument, target, called)?;
        say(&alone.unwrap_or_else(|| format!("{context} is gone already")));
        return Ok(ExitCode::SUCCESS);
    };
    let Some(_lock) = state.lock(super::waiting)? else {
        say(&format!("{context} is gone already"));
        return Ok(ExitCode::SUCCESS);
    };
    if let Some(settings) = state.k3d()? {
        let tools = super::k3d_tools(target, called)?;
        let cluster = Cluster {
            tools: &tools,
            state: &state,
            settings: &settings,
        };
        cluster.reset()?;
    } else if node::stop(&state) == Stopped::Failed {
        return Err(node::not_stopped(context));
    }
    unmerge(&state, context)?;
    if !state.remove()? {
        let path = state.path().display();
        say(&format!("{path} stays: something else is in it"));
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
