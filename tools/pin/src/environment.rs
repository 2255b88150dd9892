//! What this tool takes from the process's environment: read here, and nowhere else.

use std::ffi::OsString;
use std::path::PathBuf;

/// The environment of the process.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `BUILD_WORKSPACE_DIRECTORY`: the checkout that `bazel run` was typed in.
    pub workspace: Option<PathBuf>,
    /// `BUILD_WORKING_DIRECTORY`: the folder in it that the user stood in.
    pub working_directory: Option<PathBuf>,
    /// `DOCKER_CONFIG`: the folder with credentials for registries.
    pub docker_config: Option<OsString>,
    /// `HOME`: that folder is in it otherwise.
    pub home: Option<OsString>,
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
        Self {
            workspace: path("BUILD_WORKSPACE_DIRECTORY"),
            working_directory: path("BUILD_WORKING_DIRECTORY"),
            docker_config: std::env::var_os("DOCKER_CONFIG"),
            home: std::env::var_os("HOME"),
            runfiles: windlass_runfiles::Environment::read(),
        }
    }
}
