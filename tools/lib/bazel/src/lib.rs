//! Which Bazel a tool starts that `bazel run` has started: that of the workspace.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The workspace's own `bazelw`, else `bazelisk`, else `bazel`; `None` if there is none. `path` is
/// `PATH`.
pub fn program(workspace: &Path, path: &OsStr) -> Option<PathBuf> {
    let folders: Vec<_> = std::env::split_paths(path).collect();
    let in_path = ["bazelisk", "bazel"]
        .into_iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let mut programs = [workspace.join("bazelw")].into_iter().chain(in_path);
    programs.find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_goes_before_path_and_bazelisk_before_bazel() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for name in ["workspace", "one", "two"] {
            std::fs::create_dir(at(name)).expect("a folder");
        }
        let path = std::env::join_paths([at("one"), at("two")]).expect("PATH");
        let found = || program(&at("workspace"), &path);
        assert_eq!(found(), None);
        for name in ["one/bazel", "two/bazelisk", "workspace/bazelw"] {
            std::fs::write(at(name), "").expect("a file");
            assert_eq!(found(), Some(at(name)));
        }
    }
}
