//! The one place that reads the environment.

use std::io::IsTerminal as _;
use windlass_oci_registry::ConfigPlaces;

/// What `pull` and `push` take from the environment, read by `main` once; the other verbs take
/// nothing.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Where credentials for registries are.
    pub registries: ConfigPlaces,
    /// Whether somebody watches stderr.
    pub is_terminal: bool,
    /// What a run target's files are found by.
    pub runfiles: windlass_runfiles::Environment,
}

impl Environment {
    /// Reads the environment of this process.
    pub fn read() -> Self {
        Self {
            registries: ConfigPlaces::of(|name| std::env::var_os(name)),
            is_terminal: std::io::stderr().is_terminal(),
            runfiles: windlass_runfiles::Environment::read(),
        }
    }
}
