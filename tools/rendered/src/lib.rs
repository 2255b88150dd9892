//! What a change does to rendered manifests, for people, pull requests and programs; and goldens of
//! them.
//!
//! | module | what |
//! |---|---|
//! | [`request`], [`cli`], [`environment`] | what is asked, parsed once |
//! | [`git`], [`bazel`], [`manifest`] | two revisions as folders, and what Bazel renders in each |
//! | [`outputs`] | one run at a time |
//! | [`mod@compare`], [`summary`] | what differs, and how far it reaches; pure |
//! | [`mod@text`], [`mod@markdown`], [`document`] | telling it; pure |
//! | [`golden`], [`environments`] | manifests beside files of the sources, and beside each other |
//!
//! **Architecture invariants:** it knows no cluster and no registry. Images that are
//! built are compared by name, pinned ones by digest: nothing that is compiled is built but tools. The checkout is not written to, but
//! for goldens.

pub mod bazel;
pub mod cli;
pub mod compare;
pub mod document;
pub mod environment;
pub mod environments;
pub mod error;
pub mod git;
pub mod golden;
pub mod manifest;
pub mod markdown;
pub mod outputs;
pub mod request;
pub mod summary;
pub mod text;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use windlass_report::{Exit, say};
use windlass_runfiles::Launcher;

use crate::bazel::Bazel;
use crate::cli::{Cli, OutputFormat};
use crate::compare::{ObjectChange, compare};
use crate::environment::Environment;
use crate::error::Error;
use crate::git::{Repository, Worktree};
use crate::manifest::Manifest;
use crate::outputs::Outputs;
use crate::request::{Request, Task};

/// What a run has to say, and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// For stdout.
    pub data: String,
    /// The exit code.
    pub exit: Exit,
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// The checkout as it is, with what is not committed.
    Checkout,
    /// A commit with edits that a tour has made.
    Copy,
    /// A revision.
    Revision {
        /// As it was asked for.
        name: String,
        /// The commit, in full.
        commit: String,
    },
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkout => write!(f, "the checkout"),
            Self::Copy => write!(f, "the copy"),
            Self::Revision { name, commit } => {
                let short = commit.get(..12).unwrap_or(commit);
                write!(f, "`{name}` ({short})")
            }
        }
    }
}

/// Two sides, compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// What is compared with.
    pub before: Side,
    /// What is looked at.
    pub after: Side,
    /// What differs.
    pub changes: Vec<ObjectChange>,
    /// How many manifests do not.
    pub same: usize,
}

/// Does what the request beside the launcher says, which is the first of the arguments.
pub fn run(arguments: Vec<OsString>, environment: &Environment) -> Result<Outcome, Error> {
    let argv0 = arguments.first().map(OsString::as_os_str);
    let launcher = Launcher::find(argv0, &environment.runfiles).map_err(Error::Files)?;
    let Request { label, task, .. } = Request::read(&launcher.request())?;
    match task {
        Task::Against { targets } => against(&label, &targets, arguments, environment),
        Task::Test { goldens } => golden::test(&label, &goldens, &launcher).map(|()| nothing()),
        Task::Environments { targets, mapped } => {
            environments::test(&label, &targets, &mapped, &launcher).map(|()| nothing())
        }
        Task::Update { goldens } => {
            golden::update(&label, &goldens, &launcher, environment).map(|()| nothing())
        }
    }
}

fn nothing() -> Outcome {
    told(String::new())
}

fn told(data: String) -> Outcome {
    let exit = Exit::Success;
    Outcome { data, exit }
}

fn against(
    label: &str,
    targets: &[String],
    arguments: Vec<OsString>,
    environment: &Environment,
) -> Result<Outcome, Error> {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            let text = error.to_string();
            let text = text.trim_start_matches("error: ").trim_end().to_owned();
            return Err(Error::Usage { text });
        }
        Err(help) => return Ok(told(help.to_string())),
    };
    let missing = || Error::NoWorkspace {
        label: label.to_owned(),
    };
    let workspace = environment.workspace.as_ref().ok_or_else(missing)?;
    let compared = compared(&cli, targets, workspace, environment)?;
    let data = match cli.output {
        OutputFormat::Text => text::text(&compared, environment.colour),
        OutputFormat::Markdown => markdown::markdown(&compared),
        OutputFormat::Json => document::json(&compared),
    };
    let exit = if cli.exit_code && !compared.changes.is_empty() {
        Exit::Differs
    } else {
        Exit::Success
    };
    Ok(Outcome { data, exit })
}

/// Renders both sides, and compares them.
fn compared(
    cli: &Cli,
    targets: &[String],
    workspace: &Path,
    environment: &Environment,
) -> Result<Compared, Error> {
    let path = environment.path.as_deref().unwrap_or_default();
    let repository = Repository::of(workspace, path)?;
    let side = |name: &String| {
        let commit = repository.commit(name)?;
        let name = name.clone();
        Ok(Side::Revision { name, commit })
    };
    let before = side(&cli.against)?;
    let after = cli.at.as_ref().map_or(Ok(Side::Checkout), side)?;
    let bazel = |side: &Side, workspace: PathBuf, output_base| {
        let flags = &cli.bazel_flags;
        Bazel::find(side.clone(), workspace, output_base, flags, environment)
    };
    let own = bazel(&Side::Checkout, workspace.to_owned(), None)?;
    let outputs = Outputs::take(&own.output_base()?, &environment.interrupt)?;
    let mut worktree = None;
    let mut manifests = |side: &Side| {
        say(&format!("rendering {side}"));
        let Side::Revision { commit, .. } = side else {
            return own.manifests(targets);
        };
        let folder = folder_of(&repository, &mut worktree, commit)?;
        bazel(side, folder, Some(outputs.folder.clone()))?.manifests(targets)
    };
    // What is in front of the user fails first.
    let after_manifests = manifests(&after)?;
    let before_manifests = manifests(&before)?;
    Ok(Compared::new(
        before,
        after,
        &before_manifests,
        &after_manifests,
    ))
}

/// The workspace of a commit, in the one folder for all of them.
fn folder_of(
    repository: &Repository,
    worktree: &mut Option<Worktree>,
    commit: &str,
) -> Result<PathBuf, Error> {
    if let Some(worktree) = worktree {
        worktree.check_out(commit)?;
        return Ok(worktree.workspace());
    }
    let made = worktree.insert(repository.worktree(commit)?);
    Ok(made.workspace())
}

impl Compared {
    /// Compares the manifests of two sides.
    pub fn new(before: Side, after: Side, old: &[Manifest], new: &[Manifest]) -> Self {
        let changes = compare(old, new);
        let there = |one: &&ObjectChange| one.change != compare::Change::Removed;
        let differ = changes.iter().filter(there).count();
        Self {
            before,
            after,
            same: new.len().saturating_sub(differ),
            changes,
        }
    }
}

#[cfg(test)]
mod tests;
