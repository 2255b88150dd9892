//! `kubectl`: the cluster's own, as its administrator.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use crate::cli::Called;
use crate::error::Error;
use crate::node;
use crate::programs;
use crate::record;
use crate::request::Provider;

/// What comes after `--`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The arguments of kubectl.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<std::ffi::OsString>,
}

/// Becomes kubectl.
pub fn run(arguments: &Arguments, provider: &Provider, called: &Called) -> Result<ExitCode, Error> {
    let context = &provider.request.context;
    let state = super::existing(&crate::cli::StateArgument { state: None }, called);
    let mut kubectl = match super::up::foreign(provider, state.as_ref(), called)? {
        Some(found) => {
            let own =
                || programs::find(provider, &called.environment).map(|p| p.join("bin/kubectl"));
            let program = called.environment.kubectl().map_or_else(own, Ok)?;
            let mut kubectl = Command::new(program);
            kubectl
                .arg("--kubeconfig")
                .arg(found.file)
                .args(["--context", context]);
            kubectl
        }
        None => match state.and_then(|state| state.settings().map(|settings| (state, settings))) {
            Some((state, settings)) if record::running(&state).is_some() => {
                node::kubectl(&state, &settings)
            }
            _ => {
                return Err(Error::Down {
                    context: context.clone(),
                });
            }
        },
    };
    if let Some(folder) = called.environment.working_directory() {
        kubectl.current_dir(folder);
    }
    kubectl.args(&arguments.arguments);
    let failed = kubectl.exec();
    Err(Error::io("run", kubectl.get_program())(failed))
}
