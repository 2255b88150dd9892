//! Bazel, asked from outside: which packages a target reaches.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{Error, Reason};

/// The packages of the `k8s_object`s that a target reaches, as folders from the root. The tools
/// that it is made by are left out.
///
/// # Errors
/// There is no Bazel, or it does not know the target.
pub fn packages(root: &Path, path: &OsStr, target: &str) -> Result<Vec<String>, Error> {
    let query = format!("kind('^k8s_object rule$', deps('{target}'))");
    let output = Command::new(program(root, path)?)
        .args(["query", "--noimplicit_deps", "--notool_deps"])
        .args(["--output=package", "--noshow_progress"])
        .args(["--ui_event_filters=-info,-debug", &query])
        .current_dir(root)
        .env("PATH", path)
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

/// The workspace's own `bazelw`, else `bazelisk`, else `bazel`.
pub(crate) fn program(root: &Path, path: &OsStr) -> Result<std::path::PathBuf, Error> {
    let folders: Vec<_> = std::env::split_paths(path).collect();
    let in_path = ["bazelisk", "bazel"]
        .into_iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let mut programs = [root.join("bazelw")].into_iter().chain(in_path);
    programs
        .find(|program| program.is_file())
        .ok_or(Error::NoBazel)
}
