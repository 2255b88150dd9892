//! What this tool takes from the process's environment: read here, and nowhere else.

use std::ffi::OsString;
use std::path::PathBuf;

use windlass_interrupt::Interrupt;
use windlass_oci_registry::ConfigPlaces;

/// The environment of the process.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `BUILD_WORKSPACE_DIRECTORY`: the checkout that `bazel run` was typed in.
    pub workspace: Option<PathBuf>,
    /// `BUILD_WORKING_DIRECTORY`: the folder in it that the user stood in.
    pub working_directory: Option<PathBuf>,
    /// `PATH`, where git is found, and Bazel if the checkout has no `bazelw`.
    pub path: Option<OsString>,
    /// Where credentials for registries are.
    pub registries: ConfigPlaces,
    /// Whether this process is to end, for what has to tidy up behind it.
    pub interrupt: Interrupt,
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
            path: std::env::var_os("PATH"),
            registries: ConfigPlaces::of(|name| std::env::var_os(name)),
            interrupt: Interrupt::default(),
            runfiles: windlass_runfiles::Environment::read(),
        }
    }
}
