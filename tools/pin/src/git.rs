//! The repository of the checkout: what it remembers of pins, and commits of them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use windlass_pins::Commit;

use crate::error::{Error, Reason};

/// What git tells its hooks of the repository, where it would name another one than the checkout's
/// (`git rev-parse --local-env-vars`, without configuration); and what gives paths another meaning.
pub(crate) const FOREIGN: [&str; 17] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// The mode of a file that is no program.
const FILE: &str = "100644";

/// The mode of a link: what it holds is where it points to.
const LINK: &str = "120000";

/// git in one folder: the root of a workspace, which need not be that of the repository.
#[derive(Clone, Debug)]
pub struct Git {
    root: PathBuf,
    /// Where git is found.
    path: OsString,
}

/// A branch that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Its name, as people say it.
    pub name: String,
    /// Its whole name: a tag may be called as it is.
    refname: String,
}

/// Where a commit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// On the branch, or what it came from.
    On,
    /// Somewhere else.
    Off,
    /// There is no such commit here.
    Unknown,
}

/// A file with what it is to hold. Its path is from the root of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The file.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
}

/// A commit that no branch has yet.
#[derive(Clone, Debug)]
pub struct Draft {
    base: String,
    /// Its hash.
    pub commit: String,
    entries: Vec<Entry>,
}

/// A file of a commit, before and after.
#[derive(Clone, Debug)]
struct Entry {
    /// From the root of the repository.
    path: String,
    mode: String,
    /// `None` of a new file.
    old: Option<String>,
    new: String,
}

impl Git {
    /// git in a folder. `path` is the PATH in which it is found.
    pub fn new(root: &Path, path: Option<OsString>) -> Self {
        Self {
            root: root.to_owned(),
            path: path.unwrap_or_default(),
        }
    }

    /// What git prints, without the last line end. `what` is what it is for, after "cannot".
    ///
    /// # Errors
    /// There is no git, or it fails, and says why.
    pub fn ask(&self, what: &str, arguments: &[&str]) -> Result<String, Error> {
        said(what, self.output(arguments, None, None))
    }

    /// What HEAD is, in full.
    pub fn head(&self) -> Result<String, Error> {
        let arguments = ["rev-parse", "--verify", "HEAD^{commit}"];
        self.ask("look up HEAD", &arguments)
    }

    /// What is said of a revision if there is one.
    fn find(&self, revision: &str) -> Result<Option<String>, Error> {
        let arguments = [
            "rev-parse",
            "--quiet",
            "--verify",
            "--end-of-options",
            revision,
        ];
        let what = format!("look up `{revision}`");
        let output = self.output(&arguments, None, None);
        match output {
            // That is how it says that there is none; what goes wrong otherwise is 128.
            Ok(output) if output.status.code() == Some(1) => Ok(None),
            output => said(&what, output).map(Some),
        }
    }

    /// Whether history ends early here.
    ///
    /// # Errors
    /// git does not say.
    pub fn is_shallow(&self) -> Result<bool, Error> {
        let arguments = ["rev-parse", "--is-shallow-repository"];
        Ok(self.ask("look at the history", &arguments)? == "true")
    }

    /// The main branch as it is known here: that of `origin`, which others have too, else our own.
    ///
    /// # Errors
    /// There is neither.
    pub fn main_branch(&self, name: &str) -> Result<Branch, Error> {
        let branches = [("refs/remotes/", format!("origin/{name}"))];
        let branches = branches
            .into_iter()
            .chain([("refs/heads/", name.to_owned())]);
        for (place, name) in branches {
            let refname = format!("{place}{name}");
            if self.find(&refname)?.is_some() {
                return Ok(Branch { name, refname });
            }
        }
        Err(Error::NoMainBranch {
            name: name.to_owned(),
        })
    }

    /// Where a commit stands to a branch.
    ///
    /// # Errors
    /// History ends before it can be said.
    pub fn standing(&self, commit: &Commit, branch: &Branch) -> Result<Standing, Error> {
        let found = self.find(&format!("{commit}^{{commit}}"))?;
        // Of a short hash, git takes a branch or a tag of that name first.
        let found = found.filter(|whole| whole.starts_with(commit.as_str()));
        let standing = match found {
            None => Standing::Unknown,
            Some(whole) => {
                let arguments = ["merge-base", "--is-ancestor", &whole, &branch.refname];
                match self.output(&arguments, None, None) {
                    Ok(output) if output.status.code() == Some(1) => Standing::Off,
                    output => {
                        let (commit, branch) = (commit.short(), &branch.name);
                        let what = format!("look for commit `{commit}` on `{branch}`");
                        said(&what, output).map(|_| Standing::On)?
                    }
                }
            }
        };
        if standing != Standing::On && self.is_shallow()? {
            return Err(Error::Shallow {
                what: format!("where commit `{}` stands", commit.short()),
            });
        }
        Ok(standing)
    }

    /// Refuses files that are not as they are at HEAD.
    ///
    /// # Errors
    /// [`Error::Dirty`] or [`Error::Untracked`], of the first of them.
    pub fn require_clean<'a>(&self, paths: impl Iterator<Item = &'a Path>) -> Result<(), Error> {
        const WHAT: &str = "look for changes";
        let paths: Vec<String> = paths.map(literal).collect();
        // Of no path, git says it of all.
        if paths.is_empty() {
            return Ok(());
        }
        let mut arguments = vec!["status", "--porcelain", "-z", "--no-renames"];
        arguments.extend(["--untracked-files=all", "--"]);
        arguments.extend(paths.iter().map(String::as_str));
        let changed = self.ask(WHAT, &arguments)?;
        // `XY path`, from the root of the repository.
        let first = changed.split('\0').next().unwrap_or_default();
        let Some((how, path)) = first.split_at_checked(3) else {
            return Ok(());
        };
        let prefix = self.prefix()?;
        let path = path.strip_prefix(&prefix).unwrap_or(path).into();
        Err(match how {
            "?? " => Error::Untracked { path },
            _ => Error::Dirty { path },
        })
    }

    /// The workspace, from the root of the repository: empty, or with a `/` at its end.
    pub(crate) fn prefix(&self) -> Result<String, Error> {
        self.ask("find the repository", &["rev-parse", "--show-prefix"])
    }

    /// The commits that changed one of these files, the newest first, as the branch itself has
    /// them: what a merge brought is one change.
    pub fn commits_of(&self, paths: &[PathBuf]) -> Result<Vec<String>, Error> {
        let paths: Vec<String> = paths.iter().map(|path| literal(path)).collect();
        let mut arguments = vec!["rev-list", "--first-parent", "HEAD", "--"];
        arguments.extend(paths.iter().map(String::as_str));
        let commits = self.ask("look at the history of pins", &arguments)?;
        Ok(commits.lines().map(str::to_owned).collect())
    }

    /// What a commit came from: its first parent.
    ///
    /// # Errors
    /// History ends there, and not because it began there.
    pub fn parent(&self, commit: &str) -> Result<Option<String>, Error> {
        let parent = self.find(&format!("{commit}^1"))?;
        if parent.is_none() && self.is_shallow()? {
            return Err(Error::Shallow {
                what: format!("what was before commit `{}`", short(commit)),
            });
        }
        Ok(parent)
    }

    /// The files of the workspace that differ between a commit and what it came from.
    pub fn changed_by(
        &self,
        commit: &str,
        parent: Option<&str>,
    ) -> Result<BTreeSet<PathBuf>, Error> {
        let mut arguments = vec!["diff-tree", "-r", "-z", "--name-only", "--no-commit-id"];
        arguments.extend(["--no-renames", "--relative"]);
        match parent {
            Some(parent) => arguments.extend([parent, commit]),
            None => arguments.extend(["--root", commit]),
        }
        let what = format!("look at commit `{}`", short(commit));
        let names = self.ask(&what, &arguments)?;
        Ok(names.split_terminator('\0').map(PathBuf::from).collect())
    }

    /// A file of a commit; `None` if it is not there.
    pub fn text_at(&self, commit: &str, path: &Path) -> Result<Option<String>, Error> {
        let path = path.display().to_string();
        let what = format!("read `{path}` of commit `{}`", short(commit));
        let Some((_, blob)) = self.entry(&what, commit, &path)? else {
            return Ok(None);
        };
        let output = self.output(&["cat-file", "blob", &blob], None, None);
        let output = succeeded(&what, output)?;
        let text = String::from_utf8(output.stdout).map_err(|error| Error::Git {
            what,
            source: Reason(error.to_string()),
        })?;
        Ok(Some(text))
    }

    /// Mode and blob of a file in a commit.
    fn entry(
        &self,
        what: &str,
        commit: &str,
        path: &str,
    ) -> Result<Option<(String, String)>, Error> {
        let listed = self.ask(what, &["ls-tree", commit, "--", path])?;
        // `100644 blob 1f0c...\tservices/client/pins.json`
        let mut words = listed.split_whitespace();
        let (mode, blob) = (words.next(), words.nth(1));
        Ok(mode
            .zip(blob)
            .map(|(mode, blob)| (mode.into(), blob.into())))
    }

    /// Makes a commit of `base` with other texts in some of its files, and with files that it need not
    /// have yet. No branch has the commit, and neither checkout nor index know of it.
    pub fn draft(
        &self,
        base: &str,
        texts: &[Text],
        files: &[Text],
        message: &str,
    ) -> Result<Draft, Error> {
        const WHAT: &str = "make a commit";
        let prefix = self.prefix()?;
        let mut entries = Vec::new();
        for Text { path, text } in texts {
            let path = path.display().to_string();
            let (mode, old) = self.entry(WHAT, base, &path)?.ok_or_else(|| Error::Git {
                what: WHAT.to_owned(),
                source: Reason(format!("`{path}` is not in commit `{}`", short(base))),
            })?;
            if mode == LINK {
                return Err(Error::Git {
                    what: WHAT.to_owned(),
                    source: Reason(format!("`{path}` is a link out of the workspace")),
                });
            }
            entries.push(Entry {
                new: self.hash(WHAT, &path, text)?,
                path: format!("{prefix}{path}"),
                mode,
                old: Some(old),
            });
        }
        for Text { path, text } in files {
            let path = path.display().to_string();
            let (mode, old) = self.entry(WHAT, base, &path)?.unzip();
            entries.push(Entry {
                new: self.hash(WHAT, &path, text)?,
                path: format!("{prefix}{path}"),
                mode: mode.unwrap_or_else(|| FILE.to_owned()),
                old,
            });
        }
        // An index of its own: what the user has staged stays out of it.
        let folder = tempfile::tempdir().map_err(|error| Error::Git {
            what: WHAT.to_owned(),
            source: Reason(error.to_string()),
        })?;
        let index = folder.path().join("index");
        let with_index =
            |arguments: &[&str], input| said(WHAT, self.output(arguments, input, Some(&index)));
        with_index(&["read-tree", base], None)?;
        let lines = entries.iter().map(Entry::after).collect::<String>();
        with_index(&["update-index", "-z", "--index-info"], Some(&lines))?;
        let tree = with_index(&["write-tree"], None)?;
        let mut arguments = vec!["commit-tree", &tree, "-p", base];
        if self.signs()? {
            arguments.push("-S");
        }
        let commit = said(WHAT, self.output(&arguments, Some(message), None))?;
        Ok(Draft {
            base: base.to_owned(),
            commit,
            entries,
        })
    }

    /// Puts a text where git has texts; gives its name there.
    fn hash(&self, what: &str, path: &str, text: &str) -> Result<String, Error> {
        let arguments = ["hash-object", "-w", "--stdin", "--path", path];
        said(what, self.output(&arguments, Some(text), None))
    }

    /// Whether the user's commits are signed.
    fn signs(&self) -> Result<bool, Error> {
        let arguments = [
            "config",
            "--type=bool",
            "--default=false",
            "--get",
            "commit.gpgSign",
        ];
        Ok(self.ask("read the configuration", &arguments)? == "true")
    }

    /// Makes a draft be HEAD, and what it changes the same in the index. Of two runs one waits.
    ///
    /// # Errors
    /// HEAD is no longer what the draft is made of; then it and the index are as they were.
    pub fn commit(&self, draft: &Draft) -> Result<(), Error> {
        const WHAT: &str = "commit";
        let _held = self.hold(WHAT)?;
        self.require_head(draft)?;
        let index = |line: fn(&Entry) -> String| {
            let lines: String = draft.entries.iter().map(line).collect();
            let arguments = ["update-index", "-z", "--index-info"];
            said(WHAT, self.output(&arguments, Some(&lines), None))
        };
        index(Entry::after)?;
        let (new, old) = (&*draft.commit, &*draft.base);
        let arguments = ["update-ref", "-m", "commit: pins", "HEAD", new, old];
        let moved = self.ask(WHAT, &arguments);
        if moved.is_err() {
            index(Entry::before)?;
            self.require_head(draft)?;
        }
        moved.map(drop)
    }

    /// Keeps other runs of this tool from index and HEAD of the checkout until it is dropped.
    fn hold(&self, what: &str) -> Result<File, Error> {
        let folder = self.ask(what, &["rev-parse", "--absolute-git-dir"])?;
        let held = File::open(folder).and_then(|folder| folder.lock().map(|()| folder));
        held.map_err(|error| Error::Git {
            what: what.to_owned(),
            source: Reason(error.to_string()),
        })
    }

    fn require_head(&self, draft: &Draft) -> Result<(), Error> {
        let head = self.head()?;
        if head == draft.base {
            return Ok(());
        }
        Err(Error::HeadMoved {
            from: short(&draft.base).to_owned(),
            to: short(&head).to_owned(),
        })
    }

    /// Makes a new branch of a draft.
    ///
    /// # Errors
    /// There is a branch of that name, or it is no name of a branch; or HEAD is no longer what the
    /// draft is made of.
    pub fn branch(&self, name: &str, draft: &Draft) -> Result<(), Error> {
        self.require_head(draft)?;
        let refname = self.new_branch(name)?;
        let arguments = [
            "update-ref",
            "-m",
            "branch: pins",
            &refname,
            &draft.commit,
            "",
        ];
        self.ask(&format!("make branch `{name}`"), &arguments)
            .map(drop)
    }

    /// The whole name of a branch that there is not.
    ///
    /// # Errors
    /// See [`Git::branch`].
    pub fn new_branch(&self, name: &str) -> Result<String, Error> {
        let what = format!("make branch `{name}`");
        self.ask(&what, &["check-ref-format", "--branch", name])?;
        let refname = format!("refs/heads/{name}");
        match self.find(&refname)? {
            None => Ok(refname),
            Some(_) => Err(Error::BranchExists {
                name: name.to_owned(),
            }),
        }
    }

    fn output(
        &self,
        arguments: &[&str],
        input: Option<&str>,
        index: Option<&Path>,
    ) -> Result<Output, Reason> {
        let mut child = self.command(arguments, index);
        child.stdin(input.map_or_else(Stdio::null, |_| Stdio::piped()));
        let failed = |error: io::Error| Reason(format!("git: {error}"));
        let mut child = child.spawn().map_err(failed)?;
        if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
            match stdin.write_all(input.as_bytes()) {
                // It does not read all of it, and says why.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                written => written.map_err(failed)?,
            }
        }
        child.wait_with_output().map_err(failed)
    }

    fn command(&self, arguments: &[&str], index: Option<&Path>) -> Command {
        let mut command = Command::new("git");
        command
            // It reads only, unless it is told otherwise.
            .arg("--no-optional-locks")
            // Nor does it run what somebody else has to say of commits and branches.
            .args(["-c", "core.hooksPath=/dev/null"])
            .args(arguments)
            .current_dir(&self.root)
            .env("PATH", &self.path)
            // What it says is read here, and shown as it is.
            .env("LC_ALL", "C")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for name in FOREIGN {
            command.env_remove(name);
        }
        if let Some(index) = index {
            command.env("GIT_INDEX_FILE", index);
        }
        command
    }
}

/// A path that means itself, whatever is in it.
fn literal(path: &Path) -> String {
    format!(":(literal){}", path.display())
}

/// A commit's first 12 digits, for people.
pub fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

impl Entry {
    /// What it was, as `update-index -z --index-info` reads it.
    fn before(&self) -> String {
        let Self { path, mode, .. } = self;
        match &self.old {
            Some(old) => format!("{mode} {old}\t{path}\0"),
            // Of this mode, it takes the file away, whatever its name.
            None => format!("0 {}\t{path}\0", self.new),
        }
    }

    /// What it is to be.
    fn after(&self) -> String {
        format!("{} {}\t{}\0", self.mode, self.new, self.path)
    }
}

fn succeeded(what: &str, output: Result<Output, Reason>) -> Result<Output, Error> {
    let failed = |source| Error::Git {
        what: what.to_owned(),
        source,
    };
    let output = output.map_err(failed)?;
    if output.status.success() {
        return Ok(output);
    }
    let said = text(&output.stderr);
    // What comes before is a warning, and behind it is advice.
    let is_why = |line: &&str| line.starts_with("fatal: ") || line.starts_with("error: ");
    let why = said.lines().find(is_why).or_else(|| said.lines().next());
    let why = why.unwrap_or_default();
    if why.starts_with("fatal: not a git repository") {
        return Err(Error::NoRepository {
            what: what.to_owned(),
        });
    }
    Err(failed(Reason(why.to_owned())))
}

fn said(what: &str, output: Result<Output, Reason>) -> Result<String, Error> {
    Ok(text(&succeeded(what, output)?.stdout))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> (tempfile::TempDir, Git) {
        let folder = tempfile::tempdir().expect("a folder");
        let git = Git::new(folder.path(), std::env::var_os("PATH"));
        (folder, git)
    }

    #[test]
    fn nothing_names_another_repository() {
        let (_folder, git) = here();
        let names = git.ask("ask", &["rev-parse", "--local-env-vars"]);
        let names = names.expect("git says it");
        let command = git.command(&["status"], None);
        let is_left = |name: &&str| {
            let is_removed = command.get_envs().any(|it| it == ((*name).as_ref(), None));
            // What a user configures is asked for; the other is of a git of another time.
            !is_removed && !name.starts_with("GIT_CONFIG") && *name != "GIT_INTERNAL_SUPER_PREFIX"
        };
        let all = names.lines().chain(["GIT_LITERAL_PATHSPECS"]);
        assert_eq!(all.filter(is_left).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn why_git_does_not_read_what_it_is_given() {
        let (_folder, git) = here();
        // More than a pipe holds.
        let much = "x".repeat(1 << 20);
        let arguments = ["update-index", "-z", "--index-info"];
        let said = said("commit", git.output(&arguments, Some(&much), None));
        let error = said.expect_err("there is no repository");
        assert!(matches!(error, Error::NoRepository { .. }), "{error:?}");
    }
}
