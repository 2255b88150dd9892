//! The one place that reads the environment.

use std::ffi::OsString;
use std::io::IsTerminal as _;

/// What `push` takes from the environment, read by `main` once; the other verbs take nothing.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `DOCKER_CONFIG`: the folder of Docker's configuration file.
    pub docker_config: Option<OsString>,
    /// `HOME`: the file is in its `.docker` otherwise.
    pub home: Option<OsString>,
    /// Whether somebody watches stderr.
    pub is_terminal: bool,
    /// What a run target's files are found by.
    pub runfiles: windlass_runfiles::Environment,
}

impl Environment {
    /// Reads `DOCKER_CONFIG` and `HOME` of this process.
    pub fn read() -> Self {
        Self {
            docker_config: std::env::var_os("DOCKER_CONFIG"),
            home: std::env::var_os("HOME"),
            is_terminal: std::io::stderr().is_terminal(),
            runfiles: windlass_runfiles::Environment::read(),
        }
    }
}
