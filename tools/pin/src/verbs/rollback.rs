//! `rollback`: what an environment ran before its last change.
//!
//! The last change is the newest commit that changed a pin of the environment in one of the
//! services. What it changed goes back, and nothing else: services that were promoted together go
//! back together, and those that were not stay.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use windlass_pins::{FileError, Lock, Pin};

use super::promote::{files_of, noted, services_of};
use super::{Context, Outcome};
use crate::attestations;
use crate::checkout::Package;
use crate::checks::{Asks, Checks, Entry, refuse};
use crate::deliver::{self, Delivery, Message, lines};
use crate::error::Error;
use crate::git::{Git, short};
use crate::pins_file::{Change, PinsFile};
use crate::selection::Selection;

/// What to roll back.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The environment whose pins go back.
    #[arg(long, value_name = "NAME")]
    pub env: String,
    /// Which services.
    #[command(flatten)]
    pub selection: Selection,
    /// Ask no registry: whether it still has the images is not looked at.
    #[arg(long)]
    pub digest_only: bool,
    /// Where the pins go.
    #[command(flatten)]
    pub delivery: Delivery,
}

/// A pin of an image, what it was before a commit, and what that made of it.
struct Before {
    key: String,
    pin: Option<Pin>,
    made: Option<Pin>,
}

/// What a commit changed of an environment, by the index of the service.
struct Last {
    commit: String,
    before: Vec<(usize, Vec<Before>)>,
}

/// Runs the verb.
///
/// # Errors
/// See [`Error`]; all files are as they were.
pub async fn run(arguments: &Arguments, context: &Context) -> Result<Outcome, Error> {
    let env = &arguments.env;
    context.request.pinned(env)?;
    let base = arguments.delivery.base(context)?;
    let services = arguments.selection.services(context)?;
    let files = files_of(&services, context)?;
    base.require_clean(&files)?;
    let paths: Vec<PathBuf> = files.iter().map(PinsFile::tracked).collect();
    let Some(last) = last_change(env, &paths, &context.git())? else {
        let note = format!("git knows no change of what {env} runs; nothing was written");
        return Ok(noted(vec![note]));
    };
    let commit = short(&last.commit).to_owned();
    let changes = changes(env, last, &services, &files, context)?;
    if changes.is_empty() {
        return Ok(noted(vec![format!(
            "{env} runs what it ran before commit {commit}; nothing was written"
        )]));
    }
    let checks = Checks::new(context, Asks::unless(arguments.digest_only))?;
    // Of its commit nothing is asked: what an environment has run it may run again, and in a hurry.
    for change in &changes {
        if let Some(pin) = &change.new {
            refuse(&change.entry, checks.place(&change.entry, pin)?)?;
            refuse(&change.entry, checks.look(&change.entry, pin).await?)?;
        }
    }
    let files = attestations::of(&changes, &checks, context).await?;
    let names: Vec<_> = services_of(&changes);
    let message = Message {
        subject: match names.as_slice() {
            [only] => format!("{}: {env} runs what it ran before {commit}", only.name()),
            several => format!(
                "{env} runs what it ran before {commit}, of {} services",
                several.len()
            ),
        },
        lines: lines(&changes),
    };
    let diffs = arguments.selection.diffs(env, &names);
    let brought = arguments
        .delivery
        .bring(&base, &changes, &files, &message, context)?;
    let mut notes = vec![format!("{env} as before commit {commit}:")];
    notes.extend(deliver::notes(&changes, diffs, brought));
    let difference = arguments.delivery.difference(&base, context);
    Ok(Outcome::changed(notes, difference))
}

/// The newest commit that changed a pin of the environment.
fn last_change(env: &str, paths: &[PathBuf], git: &Git) -> Result<Option<Last>, Error> {
    for commit in git.commits_of(paths)? {
        let parent = git.parent(&commit)?;
        let names = git.changed_by(&commit, parent.as_deref())?;
        let mut before = Vec::new();
        let all = paths.iter().enumerate();
        for (at, path) in all.filter(|(_, path)| names.contains(*path)) {
            let lock = |commit: &str| lock_at(git, commit, path);
            let old = parent.as_deref().map(lock).transpose()?.flatten();
            // A file that is new, or was elsewhere, says nothing of what was before.
            let (Some(old), Some(new)) = (old, lock(&commit)?) else {
                continue;
            };
            let changed = changed(env, &old, &new);
            if !changed.is_empty() {
                before.push((at, changed));
            }
        }
        if !before.is_empty() {
            return Ok(Some(Last { commit, before }));
        }
    }
    Ok(None)
}

/// What pins of a commit say; `None` if the file is not there. Environments may have gone since.
fn lock_at(git: &Git, commit: &str, path: &Path) -> Result<Option<Lock>, Error> {
    let text = git.text_at(commit, path)?;
    let lock = text.map(|text| Lock::parse(&text)).transpose();
    let shown = PathBuf::from(format!("{}:{}", short(commit), path.display()));
    Ok(lock.map_err(FileError::unheld(&shown))?)
}

fn changed(env: &str, old: &Lock, new: &Lock) -> Vec<Before> {
    let both = old.pins(env).iter().chain(new.pins(env));
    let keys: BTreeSet<&String> = both.map(|(key, _)| key).collect();
    keys.into_iter()
        .filter(|key| old.get(env, key) != new.get(env, key))
        .map(|key| Before {
            key: key.clone(),
            pin: old.get(env, key).cloned(),
            made: new.get(env, key).cloned(),
        })
        .collect()
}

fn changes(
    env: &str,
    last: Last,
    services: &[Package],
    files: &[PinsFile],
    context: &Context,
) -> Result<Vec<Change>, Error> {
    let environments = context.request.pinned_names();
    let mut changes = Vec::new();
    for (at, before) in last.before {
        let lock = files[at].read(&environments)?;
        for Before { key, pin, made } in before {
            let old = lock.get(env, &key).cloned();
            if old == pin {
                continue;
            }
            // A change that git does not know of is newer than the last one that it knows.
            if old != made {
                let path = files[at].tracked();
                return Err(Error::Dirty { path });
            }
            let entry = Entry {
                service: services[at].clone(),
                env: env.to_owned(),
                key,
            };
            let file = files[at].clone();
            changes.push(Change {
                entry,
                file,
                old,
                new: pin,
            });
        }
    }
    Ok(changes)
}
