//! Everything that can go wrong, as a user reads it.

use std::path::PathBuf;

use windlass_report::{Exit, Explain};

/// Why it does not begin, or why a round came to nothing.
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
    /// There is no Bazel to ask.
    #[error(
        "cannot start Bazel: got no `bazelw` in the checkout, and no `bazelisk` or `bazel` in PATH"
    )]
    NoBazel,
    /// Bazel has said why.
    #[error("cannot {what} `{target}`")]
    Bazel {
        /// What it was asked, after "cannot".
        what: &'static str,
        /// About which target.
        target: String,
        /// How it ended.
        source: Reason,
    },
    /// Bazel has built it, and it cannot be used.
    #[error("cannot use what Bazel has built of `{target}`")]
    Built {
        /// The target.
        target: String,
        /// Why.
        source: Reason,
    },
    /// Nobody tells what is saved there.
    #[error("cannot watch `{}`", path.display())]
    Watch {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: Reason,
        /// Whether there are too many already.
        limit: Limit,
    },
}

/// Whether the operating system watches as many folders for a user as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// It does.
    Reached,
    /// That is not why.
    Other,
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

impl Explain for Error {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NoWorkspace { label } => Some(format!("bazel run {label}")),
            Self::Watch {
                limit: Limit::Reached,
                ..
            } => Some("sysctl fs.inotify.max_user_watches=524288".to_owned()),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } | Self::NoWorkspace { .. } => Exit::Usage,
            Self::Request { .. } | Self::Bazel { .. } => Exit::Input,
            Self::Files(_) | Self::NoBazel | Self::Built { .. } | Self::Watch { .. } => {
                Exit::Failure
            }
        }
    }
}
