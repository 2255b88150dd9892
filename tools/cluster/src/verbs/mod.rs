//! The verbs, one file each.

pub mod build;
pub mod down;
pub mod kubectl;
pub mod reset;
pub mod status;
pub mod up;
pub mod with;

use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};

use crate::cli::{Called, StateArgument};
use crate::error::Error;
use crate::state::State;
use crate::supervisor;

/// Keeps a cluster running, in the process that `up` starts.
pub fn supervise(state: &Path) -> Result<ExitCode, Error> {
    supervisor::run(&State::open(state)?).map(|()| ExitCode::SUCCESS)
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
fn existing(argument: &StateArgument, called: &Called) -> Option<State> {
    State::open(&folder(argument.state.as_ref(), called)).ok()
}

/// Refuses who cannot make namespaces, mounts and cgroups.
fn need_root(context: &str) -> Result<(), Error> {
    let refused = |got: String| {
        Err(Error::NotRoot {
            got,
            context: context.to_owned(),
        })
    };
    if !cfg!(target_os = "linux") {
        return refused(std::env::consts::OS.to_owned());
    }
    let user = nix::unistd::geteuid();
    if !user.is_root() {
        return refused(format!("user {user}"));
    }
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let own = map.split_whitespace().nth(2) != Some("4294967295");
    if own {
        refused("root of a user namespace".to_owned())
    } else {
        Ok(())
    }
}

/// The exit code that a shell would give: 128 and the signal for one that was killed.
fn exit_code(status: ExitStatus) -> ExitCode {
    use std::os::unix::process::ExitStatusExt;
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
