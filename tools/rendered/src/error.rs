//! Everything that can go wrong, as a user reads it.

use std::io;
use std::path::PathBuf;

use windlass_report::{Exit, Explain};

use crate::Side;
use crate::summary::many;

/// Why there is no answer, or why a test failed.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// The command line does not parse.
    #[error("{text}")]
    Usage {
        /// What is wrong with it.
        text: String,
    },
    /// The launcher or its runfiles are not where they should be.
    #[error("cannot find the files of this program")]
    Files(#[source] windlass_runfiles::Error),
    /// The file beside the launcher.
    #[error("cannot use request `{}`", path.display())]
    Request {
        /// The request.
        path: PathBuf,
        /// Why.
        source: windlass_versioned::Error,
    },
    /// Not started by `bazel run`.
    #[error(
        "BUILD_WORKSPACE_DIRECTORY: got nothing, want the checkout; `bazel run` in a workspace \
         sets it"
    )]
    NoWorkspace {
        /// The target.
        label: String,
    },
    /// Something is asked of git that it does not do.
    #[error("cannot {what}")]
    Git {
        /// What was asked, after "cannot".
        what: String,
        /// What git says.
        source: Reason,
    },
    /// A name of no commit.
    #[error("`{got}` is no revision of this repository")]
    Revision {
        /// The name.
        got: String,
        /// What git says.
        source: Reason,
    },
    /// There is no Bazel to ask.
    #[error(
        "cannot start Bazel: got no `bazelw` in the checkout, and no `bazelisk` or `bazel` in PATH"
    )]
    NoBazel,
    /// Bazel, which has said why on stderr.
    #[error("the manifests of {side} cannot be {what}")]
    Bazel {
        /// Which side.
        side: Side,
        /// What was asked, after "cannot be".
        what: &'static str,
        /// How it ended.
        source: Reason,
        /// How this process ends.
        exit: Exit,
    },
    /// Bazel did what was asked, and its answer is another than expected.
    #[error("cannot read what Bazel says of {side}")]
    Answer {
        /// Which side.
        side: String,
        /// What is wrong.
        source: Reason,
    },
    /// A manifest is not one object.
    #[error("manifest `{label}` of {side} is no Kubernetes object")]
    Manifest {
        /// Its target.
        label: String,
        /// Which side.
        side: String,
        /// Why.
        source: Reason,
    },
    /// A signal, while it waited.
    #[error("interrupted while another run had the outputs")]
    Interrupted,
    /// Two objects of a target are one on a cluster.
    #[error("`{target}` describes `{name}` twice")]
    Twice {
        /// The target.
        target: String,
        /// What both are called.
        name: String,
    },
    /// A file, or the folder of a revision.
    #[error("cannot {what} `{}`", path.display())]
    File {
        /// What was tried, after "cannot".
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A golden that is not what an update writes.
    #[error("golden `{path}` is no list of Kubernetes objects")]
    Golden {
        /// The golden.
        path: String,
        /// The test.
        label: String,
        /// Why.
        source: Reason,
    },
    /// A service is another one in another environment.
    #[error("`{label}`: environments differ otherwise than `mapped` says")]
    Unlike {
        /// The test.
        label: String,
        /// The differences, a line each.
        lines: Vec<String>,
    },
    /// Manifests are not as their goldens say.
    #[error("`{label}`: what is rendered differs from {}", many(*count, "golden"))]
    Differs {
        /// The test.
        label: String,
        /// How many goldens differ.
        count: usize,
        /// The differences, a line each.
        lines: Vec<String>,
    },
}

/// Something in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Reason(pub String);

impl Reason {
    /// The words of an error and its causes.
    pub fn of(error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        Self(text)
    }
}

impl Error {
    /// For `map_err` of what is done with a file.
    pub fn file(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { what, path, source }
    }
}

impl Explain for Error {
    fn evidence(&self) -> Vec<String> {
        match self {
            Self::Differs { lines, .. } | Self::Unlike { lines, .. } => lines.clone(),
            _ => Vec::new(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoWorkspace { label } => Some(format!("bazel run {label}")),
            Self::Golden { label, .. } => Some(format!("bazel run {label}.update")),
            Self::Differs { label, .. } => Some(format!(
                "if that is as it should be: bazel run {label}.update"
            )),
            Self::Bazel {
                side: Side::Revision { name, .. },
                exit: Exit::Input,
                ..
            } => Some(format!(
                "name a revision that builds, of those in: git log --oneline {name}"
            )),
            Self::Revision { got, .. } => match got.split_once('/') {
                Some((remote, branch)) => Some(format!("git fetch {remote} {branch}")),
                None => Some("git log --oneline".to_owned()),
            },
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } | Self::NoWorkspace { .. } => Exit::Usage,
            Self::Request { .. }
            | Self::Revision { .. }
            | Self::Manifest { .. }
            | Self::Twice { .. }
            | Self::Golden { .. } => Exit::Input,
            Self::Bazel { exit, .. } => *exit,
            Self::Interrupted => Exit::Interrupted,
            Self::Differs { .. } | Self::Unlike { .. } => Exit::Differs,
            Self::Files(_)
            | Self::Git { .. }
            | Self::NoBazel
            | Self::Answer { .. }
            | Self::File { .. } => Exit::Failure,
        }
    }
}
