//! `down`: the cluster ends, its data stays.

use std::process::ExitCode;

use windlass_report::say;

use crate::cli::{Called, StateArgument};
use crate::error::Error;
use crate::node::{self, Stopped};
use crate::record;
use crate::request::Provider;

/// Stops the cluster.
pub fn run(
    argument: &StateArgument,
    provider: &Provider,
    called: &Called,
) -> Result<ExitCode, Error> {
    let context = &provider.request.context;
    let Some(state) = super::existing(argument, called) else {
        record::sweep();
        say(&format!("{context} is down already"));
        return Ok(ExitCode::SUCCESS);
    };
    let _lock = state.lock(|| say("another caller changes the cluster: waiting"))?;
    match node::stop(&state) {
        Stopped::WasDown => say(&format!("{context} is down already")),
        Stopped::Stopped => say(&format!(
            "{context} is down; its data is in {}",
            state.var().display()
        )),
        Stopped::Failed => {
            return Err(Error::Program {
                what: format!("stop {context}: its supervisor is not in this PID namespace"),
                tail: Vec::new(),
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}
