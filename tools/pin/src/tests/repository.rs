//! Repositories of git that tests make.

use std::path::Path;
use std::process::Command;

use crate::git::FOREIGN;

/// What git prints.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let (well, said) = try_git(folder, arguments);
    assert!(well, "git {arguments:?}: {said}");
    said
}

/// Whether it goes well, and what git prints.
pub fn try_git(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder);
    // A hook that runs the tests has them, and they would change its own repository.
    for name in FOREIGN {
        command.env_remove(name);
    }
    let output = command.output().expect("git runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if output.status.success() {
        (true, text(&output.stdout))
    } else {
        (false, text(&output.stderr))
    }
}

/// An empty one, with a branch `main`.
pub fn init(folder: &Path) {
    git(folder, &["init", "--quiet", "--initial-branch=main"]);
    configure(folder);
}

/// A user of its own, whoever runs the test.
pub fn configure(folder: &Path) {
    for (key, value) in [
        ("user.name", "Alice"),
        ("user.email", "alice@example.com"),
        ("commit.gpgSign", "false"),
        ("core.autocrlf", "false"),
        ("core.hooksPath", "/dev/null"),
        ("maintenance.auto", "false"),
        ("gc.auto", "0"),
    ] {
        git(folder, &["config", key, value]);
    }
}

/// Commits all that is there; gives the commit.
pub fn commit(folder: &Path, message: &str) -> String {
    git(folder, &["add", "--all"]);
    git(
        folder,
        &["commit", "--quiet", "--allow-empty", "--message", message],
    );
    git(folder, &["rev-parse", "HEAD"])
}
