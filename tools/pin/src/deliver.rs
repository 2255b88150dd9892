//! Changed pins: into the checkout, into a commit there, or into a commit on a branch of their own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use windlass_pins::Pin;

use crate::bazel::rendered;
use crate::environment::Environment;
use crate::error::Error;
use crate::git::{Git, Text, short};
use crate::pins_file::{Change, Held, PinsFile, add, take_back};
use crate::typed::word;
use crate::verbs::Context;

/// How many services are told apart in what to type next.
const MOST: usize = 8;

/// Where changed pins go; without a flag, into the checkout.
#[derive(Clone, Debug, clap::Args)]
pub struct Delivery {
    /// Commit the pins that change, and nothing else: what is staged stays staged. Hooks do not
    /// run.
    #[arg(long)]
    pub commit: bool,
    /// Make that commit on a new branch of this name; checkout and HEAD stay as they are.
    #[arg(long, value_name = "NAME", conflicts_with = "commit")]
    pub branch: Option<String>,
    /// Print what changes in the manifests as well: Bazel builds them, before and after, and
    /// `//:rendered` compares them.
    #[arg(long)]
    pub diff: bool,
}

/// What a commit of pins says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its first line.
    pub subject: String,
    /// The others.
    pub lines: Vec<String>,
}

/// Where pins are changed: what HEAD was when they were read.
#[derive(Clone, Debug)]
pub struct Base {
    git: Git,
    /// HEAD, if there is to be a commit.
    head: Option<String>,
}

impl Delivery {
    /// Into the checkout.
    pub fn checkout() -> Self {
        Self {
            commit: false,
            branch: None,
            diff: false,
        }
    }

    /// Looks at HEAD, before any pin is read.
    ///
    /// # Errors
    /// There is to be a commit and there is no HEAD, or the branch is there.
    pub fn base(&self, context: &Context) -> Result<Base, Error> {
        let git = context.git();
        if let Some(name) = &self.branch {
            git.new_branch(name)?;
        }
        let commits = self.commit || self.branch.is_some();
        let head = commits.then(|| git.head()).transpose()?;
        Ok(Base { git, head })
    }

    /// What the changes that were brought do to manifests, if that is to be printed.
    ///
    /// # Errors
    /// There is no Bazel, or it does not say.
    pub fn difference(&self, base: &Base, context: &Context) -> Result<String, Error> {
        if !self.diff {
            return Ok(String::new());
        }
        let against = base.head.as_deref().unwrap_or("HEAD");
        let mut arguments = vec![format!("--against={against}")];
        let at = self
            .branch
            .as_deref()
            .or_else(|| self.commit.then_some("HEAD"));
        arguments.extend(at.map(|at| format!("--at={at}")));
        let path = context.environment.path.clone().unwrap_or_default();
        rendered(context.checkout.root(), &path, &arguments)
    }

    /// Brings the changes to where they go, all of them or none, and files that go with them.
    pub fn bring(
        &self,
        base: &Base,
        changes: &[Change],
        files: &[Text],
        message: &Message,
        context: &Context,
    ) -> Result<Brought, Error> {
        let held = Held::take(changes, &context.request.pinned_names())?;
        let root = context.checkout.root();
        let Some(parent) = &base.head else {
            let added = add(root, files)?;
            held.replace(|| Ok(()))
                .inspect_err(|_| take_back(root, &added))?;
            let commit = message.command(changes, &added, &context.environment);
            return Ok(Brought {
                note: None,
                command: commit,
                look: None,
            });
        };
        let git = &base.git;
        let texts: Vec<Text> = held.texts().collect();
        let paths: Vec<PathBuf> = texts.iter().map(|text| text.path.clone()).collect();
        base.require_clean_paths(&paths)?;
        let draft = git.draft(parent, &texts, files, &message.text())?;
        let (made, subject) = (short(&draft.commit), &message.subject);
        if let Some(name) = &self.branch {
            git.branch(name, &draft)?;
            return Ok(Brought {
                note: Some(format!("branch `{name}` is commit {made}: {subject}")),
                command: format!("git push origin {}", word(name)),
                look: Some(format!("git show {}", word(name))),
            });
        }
        let added = add(root, files)?;
        held.replace(|| git.commit(&draft))
            .inspect_err(|_| take_back(root, &added))?;
        Ok(Brought {
            note: Some(format!("HEAD is commit {made}: {subject}")),
            command: "git push".to_owned(),
            look: None,
        })
    }
}

/// What became of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// What was made of them, if that is more than files.
    pub note: Option<String>,
    /// What to type when they are looked at.
    pub command: String,
    /// What to type to look at them, where the checkout does not have them.
    pub look: Option<String>,
}

impl Base {
    /// Refuses files that are not as they are at HEAD, if there is to be a commit: it would take
    /// along what others did to them, or leave out what an earlier run has done.
    pub fn require_clean(&self, files: &[PinsFile]) -> Result<(), Error> {
        let paths: Vec<PathBuf> = files.iter().map(PinsFile::tracked).collect();
        self.require_clean_paths(&paths)
    }

    fn require_clean_paths(&self, paths: &[PathBuf]) -> Result<(), Error> {
        match self.head {
            Some(_) => self.git.require_clean(paths.iter().map(PathBuf::as_path)),
            None => Ok(()),
        }
    }
}

impl Message {
    /// All of it.
    fn text(&self) -> String {
        format!("{}\n\n{}\n", self.subject, self.lines.join("\n"))
    }

    /// What to type to commit changes that are in the checkout, and files that are new there.
    fn command(&self, changes: &[Change], added: &[PathBuf], environment: &Environment) -> String {
        let typed = |path: &Path| word(&from(environment, path).display().to_string());
        let added: Vec<String> = added.iter().map(|path| typed(path)).collect();
        // git commits what it has been told of.
        let mut words = match added.as_slice() {
            [] => Vec::new(),
            added => vec![format!("git add {} &&", added.join(" "))],
        };
        words.push(format!("git commit -m {}", word(&self.subject)));
        let paths: BTreeSet<&Path> = changes.iter().map(|it| it.file.shown()).collect();
        words.extend(paths.into_iter().map(typed));
        words.extend(added);
        words.join(" ")
    }
}

/// A line for each change, as commits and people have it.
pub fn lines(changes: &[Change]) -> Vec<String> {
    let line = |change: &Change| {
        let (old, new) = (in_short(change.old.as_ref()), in_short(change.new.as_ref()));
        format!("{}: {old} -> {new}", change.entry)
    };
    changes.iter().map(line).collect()
}

/// `localhost:31000/demo/client@sha256:1f0c2a3b4c5d (commit 3f9c21a03f9c)`.
pub fn in_short(pin: Option<&Pin>) -> String {
    let Some(pin) = pin else {
        return "unpinned".to_owned();
    };
    let digest = pin.digest().short();
    let image = format!("{}@sha256:{digest}", pin.image().repository());
    match &pin.commit {
        Some(commit) => format!("{image} (commit {})", commit.short()),
        None => image,
    }
}

/// What was done, and what to type next.
pub fn notes(changes: &[Change], diffs: Vec<String>, brought: Brought) -> Vec<String> {
    let mut notes = lines(changes);
    notes.extend(brought.note);
    let mut commands = brought.look.map_or(diffs, |look| vec![look]);
    if let Some(more) = commands.len().checked_sub(MOST).filter(|more| *more > 0) {
        commands.truncate(MOST);
        commands.push(format!("... and of {more} more"));
    }
    commands.push(brought.command);
    let heads = std::iter::once("next: ").chain(std::iter::repeat("      "));
    let next = heads.zip(commands);
    notes.extend(next.map(|(head, command)| format!("{head}{command}")));
    notes
}

/// A path of the checkout as it is typed where the user stands.
fn from(environment: &Environment, path: &Path) -> PathBuf {
    let stands = environment.workspace.as_ref().and_then(|root| {
        let folder = environment.working_directory.as_ref()?;
        folder.strip_prefix(root).ok()
    });
    let up = stands.map_or(0, |folder| folder.components().count());
    std::iter::repeat_n("..", up)
        .collect::<PathBuf>()
        .join(path)
}
