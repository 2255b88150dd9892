//! The branch, as a bare mirror of the agent's own has it. Nothing of it is checked out, and nothing
//! of it is run.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;
use windlass_pins::Commit;

use super::error::{Error, Reason};
use super::task::Task;

/// Where the head of the branch is kept.
const HEAD: &str = "refs/windlass/head";

/// The mode of a link in a tree.
const LINK: &str = "120000";

/// What git takes from its environment where it would mean another repository.
const FOREIGN: [&str; 9] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// A mirror of one branch.
#[derive(Clone, Debug)]
pub struct Mirror {
    folder: PathBuf,
    remote: String,
    branch: String,
    /// Where git is found.
    path: OsString,
    timeout: Duration,
}

/// Whether a commit may be applied after another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descent {
    /// It is that one, or comes from it.
    From,
    /// It does not: somebody has pushed by force.
    Elsewhere,
}

impl Mirror {
    /// The mirror of a task; `path` is the PATH in which git is found.
    pub fn of(task: &Task, path: Option<OsString>) -> Self {
        Self {
            folder: task.folder.join("mirror.git"),
            remote: task.remote.clone(),
            branch: task.branch.clone(),
            path: path.unwrap_or_default(),
            timeout: task.git_timeout,
        }
    }

    /// Fetches the branch, and says what its head is.
    ///
    /// # Errors
    /// The remote does not answer, in time or at all; it has no such branch; the disk is full.
    pub async fn fetch(&self) -> Result<Commit, Error> {
        // Anew each time: it takes a moment, and mends what was killed half way. Templates hold hooks.
        let folder = self.folder.display().to_string();
        let init = ["init", "--quiet", "--bare", "--template=", &folder];
        self.say("make the mirror", &init).await?;
        clear(&self.folder).map_err(|source| Error::Write {
            path: self.folder.clone(),
            source,
        })?;
        let branch = format!("+refs/heads/{}:{HEAD}", self.branch);
        let fetch = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--end-of-options",
            &self.remote,
            &branch,
        ];
        let what = format!("fetch branch `{}`", self.branch);
        self.say(&what, &fetch).await?;
        let head = format!("{HEAD}^{{commit}}");
        let commit = self.say(&what, &["rev-parse", "--verify", &head]).await?;
        commit.parse().map_err(|_| Error::Git {
            what,
            source: Reason(format!("got head `{commit}`, want the hash of a commit")),
        })
    }

    /// Whether a commit comes from another one. One that nobody has any more is nobody's ancestor.
    ///
    /// # Errors
    /// git does not say.
    pub async fn descent(&self, from: &Commit, to: &Commit) -> Result<Descent, Error> {
        let what = format!("compare commits `{}` and `{}`", from.short(), to.short());
        let known = format!("{from}^{{commit}}");
        let known = self.run(&what, &["cat-file", "-e", &known]).await?;
        if !known.status.success() {
            return Ok(Descent::Elsewhere);
        }
        let ask = ["merge-base", "--is-ancestor", from.as_str(), to.as_str()];
        let output = self.run(&what, &ask).await?;
        match output.status.code() {
            Some(0) => Ok(Descent::From),
            Some(1) => Ok(Descent::Elsewhere),
            _ => Err(failed(&what, &output)),
        }
    }

    /// A file of a commit; `None` if it has none of this path.
    ///
    /// # Errors
    /// git does not say, or it is no file.
    pub async fn file(&self, commit: &Commit, path: &str) -> Result<Option<Vec<u8>>, Error> {
        let what = format!("read `{path}` of commit `{}`", commit.short());
        let list = ["ls-tree", "-z", "--full-tree", commit.as_str(), "--", path];
        let entry = self.say(&what, &list).await?;
        // `100644 blob <hash>\t<path>\0`, or nothing.
        let mut words = entry.split([' ', '\t']);
        match (words.next(), words.next(), words.next()) {
            (Some(mode), Some("blob"), Some(hash)) if mode != LINK => {
                let read = self.run(&what, &["cat-file", "blob", hash]).await?;
                if read.status.success() {
                    Ok(Some(read.stdout))
                } else {
                    Err(failed(&what, &read))
                }
            }
            (Some(_), Some(kind), _) => Err(Error::Git {
                what,
                source: Reason(format!("got a {kind} or a link, want a file")),
            }),
            _ => Ok(None),
        }
    }

    /// A commit as git keeps it, with its signature.
    ///
    /// # Errors
    /// git does not say.
    pub async fn object(&self, commit: &Commit) -> Result<Vec<u8>, Error> {
        let what = format!("read commit `{}`", commit.short());
        let ask = ["cat-file", "commit", commit.as_str()];
        let output = self.run(&what, &ask).await?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(failed(&what, &output))
        }
    }

    /// What git prints, without the last line end.
    async fn say(&self, what: &str, arguments: &[&str]) -> Result<String, Error> {
        let output = self.run(what, arguments).await?;
        if !output.status.success() {
            return Err(failed(what, &output));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.trim_end_matches(['\n', '\0']).to_owned())
    }

    async fn run(&self, what: &str, arguments: &[&str]) -> Result<Output, Error> {
        let unanswered = |reason: String| Error::Git {
            what: what.to_owned(),
            source: Reason(reason),
        };
        let git = find(&self.path).ok_or(Error::NoGit)?;
        let mut command = Command::new(git);
        command.env("GIT_DIR", &self.folder).args([
            // Hooks of this machine are not of this mirror; what tidies up ends before the next fetch.
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "gc.autoDetach=false",
            "-c",
            "maintenance.autoDetach=false",
        ]);
        for name in FOREIGN.iter().filter(|name| **name != "GIT_DIR") {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        match timeout(self.timeout, command.output()).await {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(error)) => Err(unanswered(error.to_string())),
            Err(_) => {
                let seconds = self.timeout.as_secs();
                Err(unanswered(format!("git did not end within {seconds} s")))
            }
        }
    }
}

/// git in a PATH.
fn find(path: &OsString) -> Option<PathBuf> {
    std::env::split_paths(path)
        .map(|folder| folder.join("git"))
        .find(|git| git.is_file())
}

/// Removes what a fetch has left that was killed, or met a full disk: locks, which would stop each one
/// that comes, and parts of packs, which nobody else removes before two weeks are over. Nobody but
/// this agent writes here, and it fetches once at a time.
fn clear(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            clear(&path)?;
        } else if name.ends_with(".lock") || name.starts_with("tmp_") {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn failed(what: &str, output: &Output) -> Error {
    let said = last_line(&output.stderr);
    Error::Git {
        what: what.to_owned(),
        source: Reason(if said.is_empty() {
            format!("git ended with {}", output.status)
        } else {
            said
        }),
    }
}

/// The reason among what git says: its own word for it, else the last.
fn last_line(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let reason = lines.clone().find_map(|line| {
        line.strip_prefix("fatal: ")
            .or_else(|| line.strip_prefix("error: "))
    });
    let line = reason.or_else(|| lines.next_back());
    line.unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_gives_as_its_reason() {
        for (said, want) in [
            ("", ""),
            ("One.\n\nTwo.\n", "Two."),
            ("error: one\nfatal: two\n", "one"),
            (
                "warning: slow\nfatal: '/x' does not appear to be a git repository\nfatal: Could not \
                 read from remote repository.\n\nPlease make sure\nand the repository exists.\n",
                "'/x' does not appear to be a git repository",
            ),
        ] {
            assert_eq!(last_line(said.as_bytes()), want);
        }
    }
}
