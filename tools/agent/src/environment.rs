//! What this tool takes from the process's environment: read here, and nowhere else.

use std::ffi::OsString;
use std::path::PathBuf;

use windlass_deploy::environment::ProcessEnvironment;
use windlass_oci_registry::ConfigPlaces;

/// The environment of the process.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `BUILD_WORKSPACE_DIRECTORY`: the checkout that `bazel run` was typed in.
    pub workspace: Option<PathBuf>,
    /// `BUILD_WORKING_DIRECTORY`: the folder that the user stood in.
    pub working_directory: Option<PathBuf>,
    /// `PATH`, where git is found.
    pub path: Option<OsString>,
    /// `SSH_AUTH_SOCK`: the agent that signs.
    pub ssh_agent: Option<PathBuf>,
    /// `STATE_DIRECTORY`, which systemd sets, else a folder below `XDG_STATE_HOME` or `HOME`: what is
    /// kept between turns.
    pub state: Option<PathBuf>,
    /// Where credentials for registries are.
    pub registries: ConfigPlaces,
    /// What applying takes: the kubeconfig, above all.
    pub deploy: ProcessEnvironment,
    /// What finding the request takes.
    pub runfiles: windlass_runfiles::Environment,
}

impl Environment {
    /// Reads the environment of this process.
    pub fn read() -> Self {
        let path = |name: &str| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let below = |home: PathBuf| home.join("windlass-agent");
        Self {
            workspace: path("BUILD_WORKSPACE_DIRECTORY"),
            working_directory: path("BUILD_WORKING_DIRECTORY"),
            path: std::env::var_os("PATH"),
            ssh_agent: path("SSH_AUTH_SOCK"),
            state: path("STATE_DIRECTORY")
                .or_else(|| path("XDG_STATE_HOME").map(below))
                .or_else(|| path("HOME").map(|home| below(home.join(".local/state")))),
            registries: ConfigPlaces::of(|name| std::env::var_os(name)),
            deploy: ProcessEnvironment::read(),
            runfiles: windlass_runfiles::Environment::read(),
        }
    }
}
