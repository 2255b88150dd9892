//! Bazel, asked from outside: which packages a target reaches, and what compiles.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{Error, Reason};

/// How a publisher builds.
pub const RELEASE: &str = "--config=release";

/// The compiler of a workspace that has rules for Rust.
pub const RUSTC: &str = "@rules_rust//tools/upstream_wrapper:rustc";

/// What compares manifests: `rendered_diff(name = "rendered")` in the root.
const RENDERED: &str = "//:rendered";

/// What compiles, as pins have it, by the words of [`RUSTC`] about its version.
pub fn toolchain_of(said: &str) -> Option<String> {
    // `rustc 1.97.1 (8bab26f4f 2026-07-14)`
    let mut words = said.split_whitespace();
    let (name, version) = (words.next()?, words.next()?);
    (name == "rustc").then(|| format!("rustc {version}, {RELEASE}"))
}

/// What compiles in a workspace, as pins have it: `rustc 1.97.1, --config=release`.
///
/// # Errors
/// There is no Bazel, or no compiler of Rust that it knows.
pub fn toolchain(root: &Path, path: &OsStr) -> Result<String, Error> {
    let failed = |source: String| Error::Toolchain {
        source: Reason(source),
    };
    let mut command = at(root, path)?;
    command
        .args(["run", RELEASE, RUSTC, "--", "--version"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let output = command.output();
    let output = output.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(format!("`bazel run`: {}", output.status)));
    }
    let said = String::from_utf8_lossy(&output.stdout);
    toolchain_of(&said).ok_or_else(|| failed(format!("it calls itself `{}`", said.trim_end())))
}

/// What a change does to manifests, as the target says that a repository has for that.
///
/// # Errors
/// There is no Bazel, or the target does not say.
pub fn rendered(root: &Path, path: &OsStr, arguments: &[String]) -> Result<String, Error> {
    let failed = |source: String| Error::Difference {
        source: Reason(source),
    };
    let output = at(root, path)?
        .args(["run", "--noshow_progress", "--ui_event_filters=-info"])
        .args([RENDERED, "--"])
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output();
    let output = output.map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(failed(format!("`bazel run {RENDERED}`: {}", output.status)))
    }
}

/// The packages of the `k8s_object`s that a target reaches, as folders from the root. The tools
/// that it is made by are left out.
///
/// # Errors
/// There is no Bazel, or it does not know the target.
pub fn packages(root: &Path, path: &OsStr, target: &str) -> Result<Vec<String>, Error> {
    let query = format!("kind('^k8s_object rule$', deps('{target}'))");
    let output = at(root, path)?
        .args(["query", "--noimplicit_deps", "--notool_deps"])
        .args(["--output=package", "--noshow_progress"])
        .args(["--ui_event_filters=-info,-debug", &query])
        // Its errors are for the user to read.
        .stderr(Stdio::inherit())
        .stdin(Stdio::null())
        .output();
    let failed = |source: String| Error::Query {
        target: target.to_owned(),
        source: Reason(source),
    };
    let output = output.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(format!("`bazel query`: {}", output.status)));
    }
    let packages = String::from_utf8_lossy(&output.stdout);
    // One of another repository starts with `@`.
    let own = packages.lines().filter(|line| !line.starts_with('@'));
    Ok(own.map(str::to_owned).collect())
}

/// Bazel in a workspace, which need not be the one that `bazel run` was typed in.
///
/// # Errors
/// There is none.
pub fn at(root: &Path, path: &OsStr) -> Result<Command, Error> {
    let mut command = Command::new(windlass_bazel::program(root, path).ok_or(Error::NoBazel)?);
    command
        .current_dir(root)
        .env("PATH", path)
        // Whoever's code it builds must not sign with what signs here.
        .env_remove("SSH_AUTH_SOCK")
        .env_remove("BUILD_WORKSPACE_DIRECTORY")
        .env_remove("BUILD_WORKING_DIRECTORY");
    Ok(command)
}
