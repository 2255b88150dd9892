//! Revisions of the checkout, each as a folder of its own.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::error::{Error, Reason};

/// Files of the workspace's root that say how Bazel runs here, and that git need not know.
const SETTINGS: [&str; 2] = [":(glob)*bazelrc*", ":(glob)MODULE.bazel.lock"];

/// What git tells its hooks of the repository.
const HOOK: [&str; 5] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
];

/// The repository of a workspace.
#[derive(Clone, Debug)]
pub struct Repository {
    workspace: PathBuf,
    /// Where git is found.
    path: OsString,
    /// The workspace, from the root of the repository.
    prefix: PathBuf,
}

impl Repository {
    /// The repository that a workspace is in. `path` is the PATH in which git is found.
    pub fn of(workspace: &Path, path: &OsStr) -> Result<Self, Error> {
        let mut repository = Self {
            workspace: workspace.to_owned(),
            path: path.to_owned(),
            prefix: PathBuf::new(),
        };
        let what = || format!("find the repository of `{}`", workspace.display());
        let prefix = repository.git(workspace, ["rev-parse", "--show-prefix"], what)?;
        repository.prefix = prefix.into();
        Ok(repository)
    }

    /// The commit that a revision names, in full.
    pub fn commit(&self, revision: &str) -> Result<String, Error> {
        let wanted = format!("{revision}^{{commit}}");
        let arguments = ["rev-parse", "--verify", "--end-of-options", &wanted];
        let output = self.output(&self.workspace, arguments);
        let output = output.map_err(|source| Error::Git {
            what: format!("look up revision `{revision}`"),
            source,
        })?;
        said(&output).map_err(|source| Error::Revision {
            got: revision.to_owned(),
            source,
        })
    }

    /// When a commit was made (`2026-11-29T15:23:33Z`), by whom, and the first line of its message;
    /// `None` where the repository does not have it.
    pub fn tell(&self, commit: &str) -> Result<Option<[String; 3]>, Error> {
        let what = || format!("look up commit `{commit}`");
        let failed = |source| Error::Git {
            what: what(),
            source,
        };
        let wanted = format!("{commit}^{{commit}}");
        let arguments = [
            "rev-parse",
            "--quiet",
            "--verify",
            "--end-of-options",
            &wanted,
        ];
        let output = self.output(&self.workspace, arguments).map_err(failed)?;
        // That is how it says that there is none; what goes wrong otherwise is 128.
        if output.status.code() == Some(1) {
            return Ok(None);
        }
        let whole = said(&output).map_err(failed)?;
        let arguments = [
            "show",
            "--no-patch",
            "--date=format-local:%Y-%m-%dT%H:%M:%SZ",
            "--format=%cd%n%an%n%s",
            &whole,
        ];
        let told = self.git(&self.workspace, arguments, what)?;
        let mut lines = told.lines().map(str::to_owned);
        let mut next = || lines.next().unwrap_or_default();
        Ok(Some([next(), next(), next()]))
    }

    /// Whether files of the workspace are otherwise than at HEAD. Files that git does not know do not count: what
    /// a tool writes is among them.
    pub fn is_changed(&self) -> Result<bool, Error> {
        let what = || "look for changes".to_owned();
        let arguments = [
            "--no-optional-locks",
            "status",
            "--porcelain",
            "--untracked-files=no",
            "--",
            ".",
        ];
        let said = self.git(&self.workspace, arguments, what)?;
        Ok(!said.is_empty())
    }

    /// A folder with the files of a commit, which is removed when it is dropped.
    pub fn worktree(&self, commit: &str) -> Result<Worktree, Error> {
        let folder = tempfile::Builder::new()
            .prefix("windlass-rendered-")
            .tempdir()
            .map_err(Error::file("make", "a temporary folder"))?;
        let tree = folder.path().join("tree");
        let arguments = ["worktree", "add", "--quiet", "--detach"].map(OsStr::new);
        let arguments = arguments
            .into_iter()
            .chain([tree.as_os_str(), OsStr::new(commit)]);
        self.git(&self.workspace, arguments, || {
            format!("check out commit `{commit}`")
        })?;
        let worktree = Worktree {
            repository: self.clone(),
            tree,
            _folder: folder,
        };
        worktree.take_settings()?;
        Ok(worktree)
    }

    /// What git prints, without the last line end.
    fn git<S: AsRef<OsStr>>(
        &self,
        folder: &Path,
        arguments: impl IntoIterator<Item = S>,
        what: impl FnOnce() -> String,
    ) -> Result<String, Error> {
        let output = self.output(folder, arguments);
        let said = output.and_then(|output| said(&output));
        said.map_err(|source| Error::Git {
            what: what(),
            source,
        })
    }

    fn output<S: AsRef<OsStr>>(
        &self,
        folder: &Path,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<Output, Reason> {
        let mut command = Command::new("git");
        command
            // Hooks of the user's are for the user's own folder.
            .args(["-c", "core.hooksPath=/dev/null"])
            .args(arguments)
            .current_dir(folder)
            .env("PATH", &self.path)
            // A time is the same wherever it is told.
            .env("TZ", "UTC");
        // A hook of git has these: they would name another folder than the one meant.
        for name in HOOK {
            command.env_remove(name);
        }
        command
            .output()
            .map_err(|error| Reason(format!("git: {error}")))
    }
}

/// A commit in a folder of its own.
#[derive(Debug)]
pub struct Worktree {
    repository: Repository,
    tree: PathBuf,
    _folder: TempDir,
}

impl Worktree {
    /// The workspace in it.
    pub fn workspace(&self) -> PathBuf {
        self.tree.join(&self.repository.prefix)
    }

    /// Makes it a folder of another commit.
    pub fn check_out(&self, commit: &str) -> Result<(), Error> {
        let arguments = ["checkout", "--quiet", "--force", "--detach", commit];
        self.repository.git(&self.tree, arguments, || {
            format!("check out commit `{commit}`")
        })?;
        self.take_settings()
    }

    /// Copies the settings of Bazel that the checkout has beside those of git: a cache on a disk,
    /// the lock of its modules. Without them the two sides would be built in two ways.
    fn take_settings(&self) -> Result<(), Error> {
        let workspace = &self.repository.workspace;
        let arguments = ["ls-files", "-z", "--others", "--"]
            .into_iter()
            .chain(SETTINGS);
        let names = self
            .repository
            .git(workspace, arguments, || "list files of Bazel".to_owned())?;
        for name in names.split_terminator('\0') {
            let (from, to) = (workspace.join(name), self.workspace().join(name));
            if !to.exists() {
                std::fs::copy(&from, &to).map_err(Error::file("copy", from))?;
            }
        }
        Ok(())
    }
}

impl Drop for Worktree {
    fn drop(&mut self) {
        // What is left of it, `git worktree prune` removes.
        let arguments = ["worktree", "remove", "--force"].map(OsStr::new);
        let arguments = arguments.into_iter().chain([self.tree.as_os_str()]);
        let _ = self
            .repository
            .output(&self.repository.workspace, arguments);
    }
}

fn said(output: &Output) -> Result<String, Reason> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(Reason(text(&output.stderr)))
    }
}
