//! `new repo`: a workspace.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::environment::Environment;
use crate::error::Error;
use crate::name::{Kind, Name};
use crate::template::{File, REPO, render};
use crate::verbs::service;
use crate::workspace::{MARKS, is_windlass, version};
use crate::{Outcome, tree};

/// This version of windlass, and what it needs.
const MODULE: &str = include_str!("../../../../MODULE.bazel");

/// The version of Bazel that it is tested with.
const BAZEL: &str = include_str!("../../../../.bazelversion");

/// How the workspace calls the repository of its crates.
const CRATES: &str = "crates";

/// The command line of `repo`.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The folder of the workspace. It is made where it is not there.
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,
    /// Its name, which is the first part of the names of images and groups.
    #[arg(long, value_name = "NAME")]
    pub project: String,
    /// The name of its first service.
    #[arg(long, value_name = "NAME", default_value = "hello")]
    pub service: String,
    /// The folder that it has windlass from; without it, this one where it is windlass, else what Bazel's registries have.
    #[arg(long, value_name = "FOLDER")]
    pub windlass: Option<PathBuf>,
    /// Print the names of the files, and write none.
    #[arg(long)]
    pub dry_run: bool,
}

/// What the templates are filled with.
#[derive(Clone, Debug, Serialize)]
struct Values<'a> {
    project: &'a str,
    name: &'a str,
    rules_rust: &'a str,
    version: &'a str,
    windlass: Option<String>,
}

/// Writes a workspace.
pub fn run(arguments: &Arguments, environment: &Environment) -> Result<Outcome, Error> {
    let project = Name::parse(Kind::Project, &arguments.project)?;
    let name = Name::parse(Kind::Service, &arguments.service)?;
    let root = resolved(&environment.working_directory.join(&arguments.folder));
    let around = |folder: &&Path| MARKS.iter().any(|mark| folder.join(mark).exists());
    if let Some(workspace) = root.ancestors().skip(1).find(around) {
        return Err(Error::Inside {
            workspace: workspace.to_owned(),
            folder: root,
        });
    }
    let windlass = windlass(arguments, environment)?;
    let files = files(&project, &name, windlass);
    let mut next = Vec::new();
    if arguments.dry_run {
        tree::check(&root, &files)?;
    } else {
        tree::write(&root, &files)?;
        let root = root.display();
        next.push(format!(
            "next: cd {root}, whose README.md says how it comes to a cluster"
        ));
        next.push("      bazel test //...".to_owned());
    }
    Ok(Outcome {
        files: files.into_iter().map(|file| file.path).collect(),
        next,
    })
}

/// The files of the workspace and of its first service.
///
/// # Panics
/// If [`MODULE`] has no version of what the workspace needs: tests write one.
pub fn files(project: &Name, name: &Name, windlass: Option<String>) -> Vec<File> {
    let values = Values {
        project: project.as_str(),
        name: name.as_str(),
        rules_rust: version(MODULE, "bazel_dep(name = \"rules_rust\"").expect("a version"),
        version: version(MODULE, "\nmodule(").expect("a version"),
        windlass,
    };
    let mut files = render(REPO, &values);
    files.push(File {
        path: ".bazelversion".to_owned(),
        text: BAZEL.to_owned(),
    });
    files.extend(service::Values::new(name, CRATES).files());
    files
}

/// The folder that the workspace has windlass from; none where a registry has it.
fn windlass(arguments: &Arguments, environment: &Environment) -> Result<Option<String>, Error> {
    let here = |folder: &Path| {
        let module = fs::read_to_string(folder.join("MODULE.bazel"));
        module.is_ok_and(|module| is_windlass(&module))
    };
    let shown = |folder: &Path| Some(folder.display().to_string());
    match (&arguments.windlass, &environment.workspace) {
        (Some(folder), _) => {
            let folder = resolved(&environment.working_directory.join(folder));
            if here(&folder) {
                Ok(shown(&folder))
            } else {
                Err(Error::NoWindlass { folder })
            }
        }
        (None, Some(workspace)) if here(workspace) => Ok(shown(workspace)),
        (None, _) => Ok(None),
    }
}

/// A path without links and `..`, also where its end is not there yet.
fn resolved(path: &Path) -> PathBuf {
    let there = path.ancestors().find_map(|there| {
        let mut real = fs::canonicalize(there).ok()?;
        for part in path.strip_prefix(there).ok()? {
            match part.to_str() {
                Some("..") => drop(real.pop()),
                _ => real.push(part),
            }
        }
        Some(real)
    });
    there.unwrap_or_else(|| path.to_owned())
}
