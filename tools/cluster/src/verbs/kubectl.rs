//! `kubectl`: the cluster's own, as its administrator.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::cli::{Called, StateArgument};
use crate::contexts;
use crate::error::Error;
use crate::node;
use crate::programs;
use crate::record;
use crate::request::Target;

/// What comes after `--`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The arguments of kubectl.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<std::ffi::OsString>,
}

/// Becomes kubectl.
pub fn run(arguments: &Arguments, target: &Target, called: &Called) -> Result<ExitCode, Error> {
    let mut kubectl = command(target, called)?;
    if let Some(folder) = called.environment.working_directory() {
        kubectl.current_dir(folder);
    }
    kubectl.args(&arguments.arguments);
    let failed = kubectl.exec();
    Err(Error::io("run", kubectl.get_program())(failed))
}

/// A kubectl for the cluster: the embedded one brings its own, others have the user's.
pub(crate) fn command(target: &Target, called: &Called) -> Result<Command, Error> {
    let context = &target.request.context;
    let down = || Error::Down {
        context: context.clone(),
    };
    let state = super::existing(&StateArgument { state: None }, called)?;
    if let Some(found) = contexts::foreign(target, state.as_ref(), called)? {
        return users(&found.file, target, called);
    }
    let state = state.ok_or_else(down)?;
    if state.k3d()?.is_some() {
        return users(&state.kubeconfig(), target, called);
    }
    match state.settings() {
        Some(settings) if record::running(&state).is_some() => Ok(node::kubectl(&state, &settings)),
        _ => Err(down()),
    }
}

/// The kubectl on PATH, else the one of the programs, where they are built.
fn users(kubeconfig: &Path, target: &Target, called: &Called) -> Result<Command, Error> {
    let built = || programs::find(target, &called.environment).map(|path| path.join("bin/kubectl"));
    let program = called.environment.find("kubectl").map_or_else(built, Ok)?;
    let mut kubectl = Command::new(program);
    kubectl.arg("--kubeconfig").arg(kubeconfig);
    kubectl.args(["--context", &target.request.context]);
    Ok(kubectl)
}
