//! The one place that reads the environment.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use windlass_oci_registry::ConfigPlaces;

/// What verbs for people take from the environment, read by `main` once; build actions take
/// nothing.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Where credentials for registries are, for `pull` and `push`.
    pub registries: ConfigPlaces,
    /// Whether somebody watches stderr.
    pub is_terminal: bool,
    /// `BUILD_WORKING_DIRECTORY`: where `bazel run` was called.
    pub working_directory: Option<PathBuf>,
    /// `SSH_AUTH_SOCK`: the socket of ssh-agent, for `attest`.
    pub agent: Option<PathBuf>,
    /// What a run target's files are found by.
    pub runfiles: windlass_runfiles::Environment,
}

impl Environment {
    /// Reads the environment of this process.
    pub fn read() -> Self {
        Self {
            registries: ConfigPlaces::of(|name| std::env::var_os(name)),
            is_terminal: std::io::stderr().is_terminal(),
            working_directory: std::env::var_os("BUILD_WORKING_DIRECTORY").map(PathBuf::from),
            agent: std::env::var_os("SSH_AUTH_SOCK")
                .filter(|socket| !socket.is_empty())
                .map(PathBuf::from),
            runfiles: windlass_runfiles::Environment::read(),
        }
    }

    /// A path as the user means it: `bazel run` starts us in a folder of its own.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        match &self.working_directory {
            Some(folder) => folder.join(path),
            None => path.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_as_the_user_means_them() {
        let mut environment = Environment::default();
        assert_eq!(environment.path(Path::new("a.oci")), Path::new("a.oci"));
        environment.working_directory = Some("/home/alice/shop".into());
        let path = |path: &str| environment.path(Path::new(path));
        assert_eq!(path("a.oci"), Path::new("/home/alice/shop/a.oci"));
        assert_eq!(path("/b.oci"), Path::new("/b.oci"));
    }
}
