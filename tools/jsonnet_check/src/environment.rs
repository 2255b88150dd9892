//! What this tool takes from the process's environment: read here, and nowhere else.

use std::path::PathBuf;

/// The environment of the process.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// What finding the runfiles takes.
    pub runfiles: windlass_runfiles::Environment,
    /// This program, to start it again.
    pub program: PathBuf,
    /// `BUILD_WORKSPACE_DIRECTORY`: the checkout that `bazel run` was typed in.
    pub workspace: Option<PathBuf>,
    /// `TEST_TMPDIR`: a folder of the test's own.
    pub scratch: Option<PathBuf>,
}

impl Environment {
    /// Reads the environment of this process.
    pub fn read() -> Self {
        let folder = |name: &str| std::env::var_os(name).map(PathBuf::from);
        Self {
            runfiles: windlass_runfiles::Environment::read(),
            program: std::env::current_exe().unwrap_or_else(|_| "jsonnet_check".into()),
            workspace: folder("BUILD_WORKSPACE_DIRECTORY"),
            scratch: folder("TEST_TMPDIR"),
        }
    }
}
