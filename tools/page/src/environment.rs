//! What this tool takes from the process's environment: read here, and nowhere else.

use std::path::PathBuf;

/// The environment of the process.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// What asking Bazel and git takes.
    pub around: windlass_rendered::environment::Environment,
    /// `BUILD_WORKING_DIRECTORY`: where the user stood when `bazel run` was typed.
    pub working_directory: Option<PathBuf>,
}

impl Environment {
    /// Reads the environment of this process.
    pub fn read() -> Self {
        let folder = std::env::var_os("BUILD_WORKING_DIRECTORY");
        Self {
            around: windlass_rendered::environment::Environment::read(),
            working_directory: folder.filter(|value| !value.is_empty()).map(PathBuf::from),
        }
    }
}
