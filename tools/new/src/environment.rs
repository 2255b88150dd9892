//! What this tool takes from the process's environment: read here, and nowhere else.

use std::path::PathBuf;

/// The environment of the process.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `BUILD_WORKSPACE_DIRECTORY`: the workspace that `bazel run` was typed in.
    pub workspace: Option<PathBuf>,
    /// `BUILD_WORKING_DIRECTORY`, the folder in it that the user stood in; without Bazel, that of the process.
    pub working_directory: PathBuf,
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
            working_directory: path("BUILD_WORKING_DIRECTORY")
                .or_else(|| std::env::current_dir().ok())
                .unwrap_or_default(),
        }
    }
}
