//! What this tool takes from the process's environment: read here, and nowhere else.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use windlass_deploy::environment::{Output, ProcessEnvironment};
use windlass_interrupt::Interrupt;

/// The environment of the process.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// What finding the request takes.
    pub runfiles: windlass_runfiles::Environment,
    /// `BUILD_WORKSPACE_DIRECTORY`: the checkout that `bazel run` was typed in.
    pub workspace: Option<PathBuf>,
    /// `PATH`, where Bazel is found if the checkout has no `bazelw`.
    pub path: Option<OsString>,
    /// Whether it is asked to end.
    pub interrupt: Interrupt,
    /// Whether stderr is a terminal: in a log, nobody follows what Bazel is at.
    pub is_terminal: bool,
    /// Where lines go. Nothing is drawn over: what pods say would come in the middle of it.
    pub output: Output,
    /// What applying takes.
    pub deploy: ProcessEnvironment,
}

impl Environment {
    /// Reads the environment of this process.
    pub fn read() -> Self {
        let workspace = std::env::var_os("BUILD_WORKSPACE_DIRECTORY");
        Self {
            runfiles: windlass_runfiles::Environment::read(),
            workspace: workspace
                .filter(|value| !value.is_empty())
                .map(PathBuf::from),
            path: std::env::var_os("PATH"),
            interrupt: Interrupt::default(),
            is_terminal: std::io::stderr().is_terminal(),
            output: Output::Lines,
            deploy: ProcessEnvironment::read(),
        }
    }
}
