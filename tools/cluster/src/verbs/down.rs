//! `down`: the cluster ends, its data stays.

use std::process::ExitCode;

use windlass_report::say;

use crate::cli::{Called, StateArgument};
use crate::error::Error;
use crate::k3d::Cluster;
use crate::node::{self, Stopped};
use crate::record;
use crate::request::Target;

/// Stops the cluster.
pub fn run(argument: &StateArgument, target: &Target, called: &Called) -> Result<ExitCode, Error> {
    let context = &target.request.context;
    let Some(state) = super::existing(argument, called)? else {
        record::sweep(&called.environment.records());
        let alone = super::left_alone(argument, target, called)?;
        say(&alone.unwrap_or_else(|| format!("{context} is down already")));
        return Ok(ExitCode::SUCCESS);
    };
    let Some(_lock) = state.lock(super::waiting)? else {
        say(&format!("{context} is down already"));
        return Ok(ExitCode::SUCCESS);
    };
    if let Some(settings) = state.k3d()? {
        let tools = super::k3d_tools(target, called)?;
        let cluster = Cluster {
            tools: &tools,
            state: &state,
            settings: &settings,
        };
        let how = if cluster.down()? {
            "down"
        } else {
            "down already"
        };
        say(&format!("{context} is {how} (k3d); its data stays"));
        return Ok(ExitCode::SUCCESS);
    }
    match node::stop(&state) {
        Stopped::WasDown => say(&format!("{context} is down already")),
        Stopped::Stopped => say(&format!(
            "{context} is down; its data is in {}",
            state.var().display()
        )),
        Stopped::Failed => return Err(node::not_stopped(context)),
    }
    Ok(ExitCode::SUCCESS)
}
