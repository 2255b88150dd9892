//! `new service`: a service in a workspace.

use serde::Serialize;

use crate::environment::Environment;
use crate::error::Error;
use crate::name::{Kind, Name};
use crate::template::{File, SERVICE, render};
use crate::workspace::Workspace;
use crate::{Outcome, tree};

/// The command line of `service`.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Its name: what its package, its program and its Kubernetes Service are called.
    pub name: String,
    /// The services that it calls: `//services/server`. Each needs a `service.json`.
    #[arg(long, value_name = "LABEL", num_args = 1..)]
    pub deps: Vec<String>,
    /// Print the names of the files, and write none.
    #[arg(long)]
    pub dry_run: bool,
}

/// What the templates are filled with.
#[derive(Clone, Debug, Serialize)]
pub struct Values {
    /// The name: `order-book`.
    name: String,
    /// The same in Rust: `order_book`.
    ident: String,
    /// The repository of crates.
    crates: String,
    /// Whether the rules are of this workspace.
    windlass_is_here: bool,
    /// The services that it calls, sorted.
    deps: Vec<Dep>,
}

/// A service that is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Dep {
    label: String,
    name: String,
    ident: String,
}

impl Values {
    /// Those of a service that calls none.
    pub fn new(name: &Name, crates: &str) -> Self {
        Self {
            name: name.as_str().to_owned(),
            ident: name.ident(),
            crates: crates.to_owned(),
            windlass_is_here: false,
            deps: Vec::new(),
        }
    }

    /// The files of the service.
    pub fn files(&self) -> Vec<File> {
        render(SERVICE, self)
    }
}

/// Adds a service.
pub fn run(arguments: &Arguments, environment: &Environment) -> Result<Outcome, Error> {
    let name = Name::parse(Kind::Service, &arguments.name)?;
    let root = environment.workspace.as_ref().ok_or(Error::NoWorkspace)?;
    let workspace = Workspace::read(root)?;
    let values = Values {
        windlass_is_here: workspace.is_windlass,
        deps: deps(&arguments.deps, &workspace)?,
        ..Values::new(&name, &workspace.crates)
    };
    let files = values.files();
    if arguments.dry_run {
        tree::check(root, &files)?;
    } else {
        tree::write(root, &files)?;
    }
    let label = format!("//services/{}", name.as_str());
    let mut next = vec![
        format!("next: bazel test {label}/..."),
        format!("      bazel run {label}:myns-deep.apply"),
    ];
    if arguments.dry_run {
        next.clear();
    } else if workspace.is_windlass {
        let why = "editors and cargo know it when it has a Cargo.toml: CONTRIBUTING.md";
        next.push(format!("      {why}"));
    }
    Ok(Outcome {
        files: files.into_iter().map(|file| file.path).collect(),
        next,
    })
}

/// The services that are called, sorted; each must be there.
fn deps(labels: &[String], workspace: &Workspace) -> Result<Vec<Dep>, Error> {
    let mut deps: Vec<Dep> = labels
        .iter()
        .map(|label| dep(label, workspace))
        .collect::<Result<_, _>>()?;
    deps.sort();
    deps.dedup();
    for (index, one) in deps.iter().enumerate() {
        if let Some(other) = deps[index + 1..]
            .iter()
            .find(|other| other.ident == one.ident)
        {
            return Err(Error::Twice {
                one: one.label.clone(),
                other: other.label.clone(),
            });
        }
    }
    Ok(deps)
}

fn dep(label: &str, workspace: &Workspace) -> Result<Dep, Error> {
    let unknown = || Error::Label {
        got: label.to_owned(),
    };
    let path = label.strip_prefix("//").ok_or_else(unknown)?;
    let (package, target) = path.split_once(':').unwrap_or((path, ""));
    let last = package.rsplit('/').next().unwrap_or_default();
    // A service is called like its package: what others need of it is found by that.
    let is_path = !package
        .split('/')
        .any(|part| matches!(part, "" | "." | ".." | "..."));
    if !is_path || !(target.is_empty() && !path.contains(':') || target == last) {
        return Err(unknown());
    }
    let name = Name::parse(Kind::Service, last)?;
    let label = format!("//{package}");
    workspace.check_callable(&label, package)?;
    Ok(Dep {
        label,
        name: name.as_str().to_owned(),
        ident: name.ident(),
    })
}
