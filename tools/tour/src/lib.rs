//! Edits in a copy of the checkout, and what Bazel makes of each: a rename that reaches every
//! environment, a reference to nothing that does not build. Needs no cluster.
//!
//! The copy is a folder of its own with the files of the last commit; it goes when the tour ends.

mod error;
mod request;

use std::ffi::OsStr;
use std::path::Path;

use windlass_rendered::bazel::{Bazel, Built};
use windlass_rendered::environment::Environment;
use windlass_rendered::git::{Repository, Worktree};
use windlass_rendered::manifest::Manifest;
use windlass_rendered::outputs::Outputs;
use windlass_rendered::{Compared, Side, text};
use windlass_report::{print, say};
use windlass_runfiles::Launcher;

pub use crate::error::Error;
use crate::request::{Edit, Request, Step};

/// The copy of the checkout, and what is rendered in it before any edit.
struct Copy<'a> {
    before: Side,
    commit: String,
    manifests: Vec<Manifest>,
    // In the order in which they go: the server of Bazel, its files, the lock of its outputs.
    bazel: Bazel<'a>,
    worktree: Worktree,
    _outputs: Outputs,
}

/// Goes through the steps of the request beside the launcher `argv0`.
pub fn run(argv0: Option<&OsStr>, environment: &Environment) -> Result<(), Error> {
    let launcher = Launcher::find(argv0, &environment.runfiles).map_err(Error::Files)?;
    let request = Request::read(&launcher.request())?;
    let Some(workspace) = &environment.workspace else {
        let label = request.label;
        return Err(windlass_rendered::error::Error::NoWorkspace { label }.into());
    };
    let copy = Copy::make(workspace, &request, environment)?;
    let steps = request.steps.iter().enumerate();
    let shown = steps.map(|(at, step)| copy.show(at + 1, step, &request.targets, environment));
    let shown: Result<(), Error> = shown.collect();
    drop(copy);
    shown?;
    say("");
    for line in &request.next {
        say(line);
    }
    Ok(())
}

impl Copy<'_> {
    fn make(workspace: &Path, request: &Request, environment: &Environment) -> Result<Self, Error> {
        say("the tour is in a copy of your last commit; your files stay as they are");
        let bazel = |side, workspace: &Path, outputs| {
            Bazel::find(side, workspace.to_owned(), outputs, &[], environment)
        };
        let path = environment.path.as_deref().unwrap_or_default();
        let repository = Repository::of(workspace, path)?;
        let commit = repository.commit("HEAD")?;
        let own = bazel(Side::Checkout, workspace, None)?;
        let outputs = Outputs::take(&own.output_base()?, &environment.interrupt)?;
        let worktree = repository.worktree(&commit)?;
        let bazel = bazel(
            Side::Copy,
            &worktree.workspace(),
            Some(outputs.folder.clone()),
        )?;
        let manifests = bazel.manifests(&request.targets)?;
        let name = "HEAD".to_owned();
        Ok(Self {
            before: Side::Revision {
                name,
                commit: commit.clone(),
            },
            commit,
            manifests,
            bazel,
            worktree,
            _outputs: outputs,
        })
    }

    /// One step: its edits, and what comes of them.
    fn show(
        &self,
        number: usize,
        step: &Step,
        targets: &[String],
        environment: &Environment,
    ) -> Result<(), Error> {
        self.worktree.check_out(&self.commit)?;
        say(&format!("\n{number}. {}", step.title));
        for edit in &step.edits {
            make(edit, &self.worktree.workspace())?;
        }
        if !step.refused.is_empty() {
            return self.refused(step);
        }
        let after = self.bazel.manifests(targets)?;
        let before = self.before.clone();
        let compared = Compared::new(before, Side::Copy, &self.manifests, &after);
        tell(&text::text(&compared, environment.colour));
        Ok(())
    }

    /// Shows the error of a build that must fail.
    fn refused(&self, step: &Step) -> Result<(), Error> {
        let arguments = step.refused.join(" ");
        say(&format!("$ bazel build {arguments}"));
        let (built, said) = self.bazel.build(&step.refused)?;
        let error = error_of(&said);
        if built == Built::Made || error.is_empty() {
            return Err(Error::NotRefused {
                arguments,
                said: said.lines().map(str::to_owned).collect(),
            });
        }
        tell(&error);
        Ok(())
    }
}

/// Makes one edit, and shows it.
fn make(edit: &Edit, workspace: &Path) -> Result<(), Error> {
    let Edit { file, old, new } = edit;
    let path = workspace.join(file);
    let failed = |source| Error::Edit {
        file: file.clone(),
        source,
    };
    let text = std::fs::read_to_string(&path).map_err(failed)?;
    let Some((before, after)) = text.split_once(old.as_str()) else {
        return Err(Error::NoText {
            file: file.clone(),
            text: old.clone(),
        });
    };
    std::fs::write(&path, [before, new, after].concat()).map_err(failed)?;
    say(file);
    for (mark, text) in [('-', old), ('+', new)] {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            say(&format!("  {mark} {}", line.trim()));
        }
    }
    Ok(())
}

/// Writes on stdout; that nobody reads any more is no reason to end.
fn tell(text: &str) {
    let _ = print(text.as_bytes());
}

/// The first error of a tool in what Bazel says: what stands between its line `error: ` and Bazel's
/// next one.
fn error_of(said: &str) -> String {
    let is_bazels = |line: &str| {
        let words = ["ERROR", "INFO", "Target ", "Use --", "WARNING", "["];
        words.iter().any(|word| line.starts_with(word))
    };
    let lines = said.lines().skip_while(|line| !line.starts_with("error: "));
    let lines = lines.take_while(|line| !is_bazels(line));
    lines.map(|line| line.to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests;
