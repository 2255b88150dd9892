//! Everything that can go wrong, as a user reads it.

use std::io;
use std::path::PathBuf;

use windlass_report::{Exit, Explain};

use crate::name::{Fault, Kind};

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// Not started by `bazel run`.
    #[error(
        "BUILD_WORKSPACE_DIRECTORY: got nothing, want the workspace that the service is for; `bazel run` sets it"
    )]
    NoWorkspace,
    /// A name that cannot be used.
    #[error("cannot call a {} `{got}`", match kind { Kind::Service => "service", Kind::Project => "project" })]
    Name {
        /// What it would be the name of.
        kind: Kind,
        /// The name.
        got: String,
        /// Why.
        source: Fault,
    },
    /// A dependency that is no label of a service.
    #[error(
        "--deps: got `{got}`, want the label of a service in this workspace, as `//services/server` is one"
    )]
    Label {
        /// What was given.
        got: String,
    },
    /// Two dependencies that would have the same name in the program.
    #[error("--deps: got `{one}` and `{other}`, want each last part of a label once")]
    Twice {
        /// A label.
        one: String,
        /// Another label.
        other: String,
    },
    /// A dependency that is not there.
    #[error("--deps: `{label}` is no package of this workspace{}", nearest.as_ref().map_or(String::new(), |label| format!("; the nearest is `{label}`")))]
    NoPackage {
        /// Its label.
        label: String,
        /// What was meant, perhaps.
        nearest: Option<String>,
    },
    /// A dependency that others cannot call.
    #[error("--deps: `{label}` renders no `service.json`, which says where it is")]
    NoService {
        /// Its label.
        label: String,
    },
    /// A file of the workspace.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The workspace has no crates.
    #[error(
        "`MODULE.bazel` has no line `use_repo(crate, ...)`, and programs in Rust need the crates of one"
    )]
    NoCrates,
    /// The workspace lacks crates.
    #[error("`Cargo.toml` does not have {}", names.join(", "))]
    MissingCrates {
        /// Their names.
        names: Vec<&'static str>,
    },
    /// The rules are bound to nothing.
    #[error("`prod/k8s.bzl` does not have `{name}`: BUILD files load it from there")]
    NoRules {
        /// What is missing.
        name: &'static str,
    },
    /// A workspace in another one.
    #[error("cannot make a workspace in `{}`: it is in that of `{}`", folder.display(), workspace.display())]
    Inside {
        /// Where it was to be.
        folder: PathBuf,
        /// The one around it.
        workspace: PathBuf,
    },
    /// What is no windlass.
    #[error("--windlass: `{}` does not have the `MODULE.bazel` of windlass", folder.display())]
    NoWindlass {
        /// The folder.
        folder: PathBuf,
    },
    /// Files that are in the way.
    #[error("nothing was written: {} there already", paths.join(", ") + if paths.len() == 1 { " is" } else { " are" })]
    Exists {
        /// The files.
        paths: Vec<String>,
    },
    /// The disk.
    #[error("cannot write `{}`; what was written before is gone again", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

impl Explain for Error {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NoWorkspace => {
                Some("bazel run @windlass//tools/new -- service greeter".to_owned())
            }
            Self::Inside { .. } => {
                Some("bazel run //tools/new -- repo ~/shop --project shop".to_owned())
            }
            Self::MissingCrates { names } => Some(format!("cargo add {}", names.join(" "))),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::NoWorkspace
            | Self::Name { .. }
            | Self::Label { .. }
            | Self::Twice { .. }
            | Self::NoWindlass { .. } => Exit::Usage,
            Self::NoPackage { .. }
            | Self::NoService { .. }
            | Self::Read { .. }
            | Self::NoCrates
            | Self::MissingCrates { .. }
            | Self::NoRules { .. } => Exit::Input,
            Self::Inside { .. } | Self::Exists { .. } => Exit::Preflight,
            Self::Write { .. } => Exit::Failure,
        }
    }
}
