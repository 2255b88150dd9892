//! What this tool takes from the process's environment: read here, and nowhere else.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use windlass_interrupt::Interrupt;
use windlass_k8s_diff::text::Colour;

/// The environment of the process.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// What finding the request takes.
    pub runfiles: windlass_runfiles::Environment,
    /// `BUILD_WORKSPACE_DIRECTORY`: the checkout that `bazel run` was typed in.
    pub workspace: Option<PathBuf>,
    /// `PATH`, where git is found, and Bazel if the checkout has no `bazelw`.
    pub path: Option<OsString>,
    /// Whether it is asked to end.
    pub interrupt: Interrupt,
    /// Whether stderr is a terminal: in a log, nobody follows what Bazel is at.
    pub shows_progress: bool,
    /// Whether text on stdout has colours.
    pub colour: Colour,
}

impl Environment {
    /// Reads the environment of this process.
    pub fn read() -> Self {
        let var = |name: &str| std::env::var_os(name);
        let workspace = var("BUILD_WORKSPACE_DIRECTORY").filter(|value| !value.is_empty());
        Self {
            runfiles: windlass_runfiles::Environment::read(),
            workspace: workspace.map(PathBuf::from),
            path: var("PATH"),
            interrupt: Interrupt::default(),
            shows_progress: std::io::stderr().is_terminal(),
            colour: Colour::of(std::io::stdout().is_terminal(), var),
        }
    }
}
