//! The page of an environment: what is deployed there, by the pins and the manifests of the checkout.
//!
//! | module | what |
//! |---|---|
//! | [`request`], [`cli`], [`environment`] | what is asked, parsed once |
//! | [`entries`] | what the page says of an object; pure |
//!
//! **Architecture invariants:** it knows no cluster and no registry, and compiles nothing that runs there. The
//! same commit gives the same bytes: how long ago something was, the browser says.

pub mod cli;
pub mod entries;
pub mod environment;
mod error;
pub mod request;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use windlass_nearest::one_of;
use windlass_page::table::{Commit, Deployments, Known, html};
use windlass_pins::Lock;
use windlass_rendered::Side;
use windlass_rendered::bazel::{Bazel, Described};
use windlass_rendered::git::Repository;
use windlass_runfiles::Launcher;
use windlass_whole_file::{Readers, replace};

use crate::cli::Cli;
use crate::environment::Environment;
pub use crate::error::Error;
use crate::request::Request;

/// Writes the page that the request beside the launcher, which is the first of the arguments, and the
/// others ask for; gives what is for stdout.
///
/// # Errors
/// See [`Error`]; what was there before is there still.
pub fn run(arguments: Vec<OsString>, environment: &Environment) -> Result<String, Error> {
    let argv0 = arguments.first().map(OsString::as_os_str);
    let launcher = Launcher::find(argv0, &environment.around.runfiles).map_err(Error::Files)?;
    let request = Request::read(&launcher.request())?;
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            let text = error.to_string();
            let text = text.trim_start_matches("error: ").trim_end().to_owned();
            return Err(Error::Usage { text });
        }
        Err(help) => return Ok(help.to_string()),
    };
    let Some(workspace) = &environment.around.workspace else {
        let label = request.label;
        return Err(windlass_rendered::error::Error::NoWorkspace { label }.into());
    };
    let page = html(&deployments(&cli, &request, workspace, environment)?);
    let folder = PathBuf::from(format!("deployments-{}", cli.env));
    let path = cli.output.unwrap_or(folder).join("index.html");
    let whole = environment
        .working_directory
        .as_deref()
        .unwrap_or(workspace);
    write(&whole.join(&path), &page).map_err(|source| Error::Write {
        path: path.clone(),
        source,
    })?;
    Ok(format!("{}\n", path.display()))
}

/// What is deployed, by what Bazel and git say.
fn deployments(
    cli: &Cli,
    request: &Request,
    workspace: &Path,
    environment: &Environment,
) -> Result<Deployments, Error> {
    let path = environment.around.path.as_deref().unwrap_or_default();
    let repository = Repository::of(workspace, path)?;
    let side = Side::Checkout;
    let around = &environment.around;
    let bazel = Bazel::find(side, workspace.to_owned(), None, &cli.bazel_flags, around)?;
    let described = of_environment(bazel.described(&request.targets)?, &cli.env)?;
    let pins: Vec<Option<String>> = described.iter().map(|one| one.pins.clone()).collect();
    let mut targets: Vec<&str> = pins.iter().flatten().map(String::as_str).collect();
    targets.sort_unstable();
    targets.dedup();
    let files = bazel.pins(&targets)?;
    let mut locks = BTreeMap::new();
    for label in targets {
        if let Some(path) = files.get(label) {
            let lock = Lock::read(path, Path::new(label)).map_err(Error::Pins)?;
            locks.insert(label.to_owned(), lock);
        }
    }
    let manifests = bazel.render(described)?;

    let mut commits = BTreeMap::new();
    for (_, pin) in locks.values().flat_map(|lock| lock.pins(&cli.env)) {
        if let Some(commit) = &pin.commit {
            let hash = commit.as_str().to_owned();
            let told = repository.tell(&hash)?;
            let known = told.map(|[time, author, subject]| Known {
                time,
                author,
                subject,
            });
            commits.insert(hash.clone(), Commit { hash, known });
        }
    }
    let mut facts = Vec::new();
    if let Some(one) = manifests.iter().find(|one| !one.namespace.is_empty()) {
        facts.push(("namespace", one.namespace.clone()));
    }
    let head = repository.commit("HEAD")?;
    let changed = if repository.is_changed()? {
        ", with changes that are in no commit"
    } else {
        ""
    };
    let short = head.get(..12).unwrap_or(&head);
    facts.push(("by the repository at", format!("{short}{changed}")));
    let mut entries = Vec::new();
    for (manifest, pins) in manifests.iter().zip(&pins) {
        let lock = pins.as_ref().and_then(|label| locks.get(label));
        entries.extend(entries::entries(manifest, lock, &commits));
    }
    Ok(Deployments {
        environment: cli.env.clone(),
        facts,
        entries,
    })
}

/// The objects of one environment.
fn of_environment(all: Vec<Described>, wanted: &str) -> Result<Vec<Described>, Error> {
    let name = |one: &Described| one.environment.name.clone();
    let mut known: Vec<String> = all.iter().map(name).collect();
    known.sort();
    known.dedup();
    if !known.iter().any(|name| name == wanted) {
        return Err(Error::UnknownEnvironment {
            got: wanted.to_owned(),
            want: one_of(wanted, &known),
        });
    }
    let is_it = |one: &Described| one.environment.name == wanted;
    Ok(all.into_iter().filter(is_it).collect())
}

fn write(path: &Path, page: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    replace(path, Readers::AsBefore, |file| {
        file.write_all(page.as_bytes())
    })
}

#[cfg(test)]
mod tests;
