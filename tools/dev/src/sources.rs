//! Which files a target is made of, and what it means that a path has changed. Pure.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What else of the root decides how something is built. Other files there are known by name, or
/// nothing to us.
const ROOT_FILES: [&str; 5] = [
    ".bazelrc",
    ".bazelrc.user",
    "Cargo.lock",
    "Cargo.toml",
    "MODULE.bazel",
];

/// What a change means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meaning {
    /// Nothing.
    Nothing,
    /// The target may be another one now.
    Build,
    /// The same, and it may be made of other files.
    Ask,
}

/// The files of the workspace that a target is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    workspace: PathBuf,
    files: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
}

impl Sources {
    /// The files that a query names, by their labels, a line each. Those of other repositories are
    /// left out.
    pub fn of(workspace: &Path, labels: &str) -> Self {
        let path = |label: &str| {
            let plain = label.trim_start_matches('@');
            let (package, name) = plain.strip_prefix("//")?.split_once(':')?;
            Some(workspace.join(package).join(name))
        };
        let files: BTreeSet<PathBuf> = labels.lines().filter_map(path).collect();
        let parents = files.iter().filter_map(|file| file.parent());
        let folders = parents.chain([workspace]).map(Path::to_owned).collect();
        Self {
            workspace: workspace.to_owned(),
            files,
            folders,
        }
    }

    /// How many files there are.
    pub fn count(&self) -> usize {
        self.files.len()
    }

    /// The folders that they are in, and the workspace's own.
    pub fn folders(&self) -> &BTreeSet<PathBuf> {
        &self.folders
    }

    /// What it means that a path has changed, which is there now or is not.
    pub fn meaning(&self, path: &Path, is_there: bool) -> Meaning {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        if self.files.contains(path) {
            return if is_there && !describes(name) {
                Meaning::Build
            } else {
                Meaning::Ask
            };
        }
        if path.parent() == Some(&self.workspace) {
            return if ROOT_FILES.contains(&name) {
                Meaning::Ask
            } else {
                Meaning::Nothing
            };
        }
        // What an editor has for itself is hidden, or a copy, or gone again.
        let is_own = name.starts_with(['.', '#']) || name.ends_with('~');
        let is_folder = self.folders.contains(path);
        if is_folder || is_there && !is_own {
            Meaning::Ask
        } else {
            Meaning::Nothing
        }
    }
}

/// Whether a file says what a target is made of.
fn describes(name: &str) -> bool {
    let extension = Path::new(name).extension();
    matches!(name, "BUILD" | "BUILD.bazel" | "MODULE.bazel") || extension == Some("bzl".as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Sources {
        let labels = "//services/client:src/main.rs\n//services/client:BUILD.bazel\n\
                      @@//prod:k8s.bzl\n//:constants.bzl\n@@rules_rust+//rust:defs.bzl\n";
        Sources::of(Path::new("/w"), labels)
    }

    #[test]
    fn folders_of_this_repository_are_watched() {
        let want = [
            "/w",
            "/w/prod",
            "/w/services/client",
            "/w/services/client/src",
        ];
        assert_eq!(*sources().folders(), want.map(PathBuf::from).into());
        assert_eq!(sources().count(), 4);
    }

    #[test]
    fn what_changes_mean() {
        let there = |path: &str| sources().meaning(Path::new(path), true);
        let gone = |path: &str| sources().meaning(Path::new(path), false);
        assert_eq!(there("/w/services/client/src/main.rs"), Meaning::Build);
        assert_eq!(gone("/w/services/client/src/main.rs"), Meaning::Ask);
        assert_eq!(there("/w/services/client/BUILD.bazel"), Meaning::Ask);
        assert_eq!(there("/w/constants.bzl"), Meaning::Ask);
        // A glob may take it.
        assert_eq!(there("/w/services/client/src/new.rs"), Meaning::Ask);
        assert_eq!(
            gone("/w/services/client/src/main.rs___tmp___"),
            Meaning::Nothing
        );
        assert_eq!(gone("/w/services/client/src"), Meaning::Ask);
        for own in [".main.rs.swp", "main.rs~", "#main.rs#"] {
            let path = format!("/w/services/client/src/{own}");
            assert_eq!(there(&path), Meaning::Nothing, "{own}");
        }
        // Bazel makes links in the root.
        assert_eq!(there("/w/bazel-bin"), Meaning::Nothing);
        assert_eq!(there("/w/MODULE.bazel.lock"), Meaning::Nothing);
        assert_eq!(there("/w/MODULE.bazel"), Meaning::Ask);
        assert_eq!(gone("/w/.bazelrc.user"), Meaning::Ask);
    }
}
