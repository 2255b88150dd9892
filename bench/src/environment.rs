//! What benchmarks take from the process's environment: read here, and nowhere else.

use std::path::PathBuf;

use crate::error::Error;

/// `BUILD_WORKSPACE_DIRECTORY`: the checkout that `bazel run` was typed in.
pub fn checkout() -> Result<PathBuf, Error> {
    path(
        "BUILD_WORKSPACE_DIRECTORY",
        "the checkout; `bazel run` sets it",
    )
}

/// `WINDLASS_KUBECTL`, which the rule sets.
pub fn kubectl() -> Result<PathBuf, Error> {
    path("WINDLASS_KUBECTL", "the path of kubectl")
}

/// `KUBECONFIG`, which the rule sets.
pub fn kubeconfig() -> Result<PathBuf, Error> {
    path("KUBECONFIG", "the cluster's kubeconfig")
}

/// Where peers are installed: in `XDG_CACHE_HOME`, or in `.cache` of `HOME`.
pub fn cache() -> Result<PathBuf, Error> {
    let folder = match std::env::var_os("XDG_CACHE_HOME") {
        Some(folder) => PathBuf::from(folder),
        None => path("HOME", "a folder to install peers in")?.join(".cache"),
    };
    Ok(folder.join("windlass/bench"))
}

/// A program that `PATH` has.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut all = std::env::split_paths(&path).map(|folder| folder.join(name));
    all.find(|program| program.is_file())
}

fn path(name: &'static str, want: &'static str) -> Result<PathBuf, Error> {
    let path = std::env::var_os(name).map(PathBuf::from);
    path.ok_or(Error::Unset { name, want })
}
