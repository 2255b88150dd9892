//! The clone: the head of the branch checked out, and nothing else. Nobody works in it, so whatever is
//! there was left by a turn that ended early, and goes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use windlass_pin::git::{Git, short};

use super::error::Error;
use super::turn::Publisher;

/// A connection that is silent for so many seconds is gone.
const SILENT: [&str; 4] = ["-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=60"];

/// The clone, with the commit that is checked out.
#[derive(Clone, Debug)]
pub(super) struct Workspace {
    pub(super) git: Git,
    /// The root of the workspace, which need not be that of the repository.
    pub(super) root: PathBuf,
    /// The commit.
    pub(super) head: String,
}

impl Publisher<'_> {
    /// Fetches the branch; `None` if what it is now is of no interest, else that is checked out.
    pub(super) fn check_out(
        &self,
        is_due: impl FnOnce(&str) -> bool,
    ) -> Result<Option<Workspace>, Error> {
        let folder = self.folder.join("clone");
        fs::create_dir_all(&folder).map_err(self.unusable())?;
        let git = self.git_in(&folder);
        remove_locks(&folder.join(".git")).map_err(self.unusable())?;
        // Again each time: it is quick, and mends what was killed half way.
        git.ask("make a clone", &["init", "--quiet", "--template="])?;
        let head = self.fetch(&git)?;
        if !is_due(&head) {
            return Ok(None);
        }
        let what = format!("check out commit `{}`", short(&head));
        let checkout = ["checkout", "--quiet", "--force", "--detach", &head];
        git.ask(&what, &checkout)?;
        git.ask(&what, &["clean", "--quiet", "-ffdx"])?;
        let root = folder.join(&self.prefix);
        Ok(Some(Workspace {
            git: self.git_in(&root),
            root,
            head,
        }))
    }

    /// What the branch is at the remote.
    fn fetch(&self, git: &Git) -> Result<String, Error> {
        let branch = &self.request.main_branch;
        let what = format!("fetch branch `{branch}`");
        let spec = format!("+refs/heads/{branch}:refs/remotes/origin/{branch}");
        let fetch = ["fetch", "--quiet", "--no-tags", "--end-of-options"];
        let arguments = [&SILENT[..], &fetch, &[&self.remote, &spec]].concat();
        git.ask(&what, &arguments)?;
        let head = format!("refs/remotes/origin/{branch}^{{commit}}");
        Ok(git.ask(&what, &["rev-parse", "--verify", &head])?)
    }

    /// Has the branch at the remote be a commit of pins, if it is still what that was made of.
    ///
    /// # Errors
    /// [`Error::Moved`]: somebody else was quicker, and the next turn looks at what they did.
    pub(super) fn push(&self, workspace: &Workspace, commit: &str) -> Result<(), Error> {
        let branch = &self.request.main_branch;
        let spec = format!("{commit}:refs/heads/{branch}");
        let push = ["push", "--quiet", "--end-of-options", &self.remote, &spec];
        let arguments = [&SILENT[..], &push].concat();
        let what = format!("push pins to branch `{branch}`");
        let Err(error) = workspace.git.ask(&what, &arguments) else {
            return Ok(());
        };
        let now = self.fetch(&workspace.git)?;
        if now == commit {
            // It is there, and the answer was lost.
            Ok(())
        } else if now == workspace.head {
            Err(error.into())
        } else {
            Err(Error::Moved {
                branch: branch.clone(),
                from: short(&workspace.head).to_owned(),
                to: short(&now).to_owned(),
            })
        }
    }

    fn git_in(&self, folder: &Path) -> Git {
        Git::new(folder, self.environment.path.clone())
    }

    /// The error of the folder that keeps the clone.
    pub(super) fn unusable(&self) -> impl FnOnce(io::Error) -> Error {
        let path = self.folder.clone();
        move |source| Error::State { path, source }
    }
}

/// Removes the locks that a git has left that was killed: who has the folder has the clone.
fn remove_locks(folder: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let (path, is_folder) = (entry.path(), entry.file_type()?.is_dir());
        if is_folder && entry.file_name() != "objects" {
            remove_locks(&path)?;
        } else if !is_folder && path.extension().is_some_and(|end| end == "lock") {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
