//! Everything that can go wrong, as a user reads it.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use windlass_report::{Exit, Explain};

use crate::check::Complaint;

/// Why a test failed.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// The launcher or its runfiles are not where they should be.
    #[error("cannot find the files of the test")]
    Files(#[source] windlass_runfiles::Error),
    /// The file beside the launcher.
    #[error("cannot read request `{}`", path.display())]
    Request {
        /// The request.
        path: PathBuf,
        /// Not there, not JSON, or not of this version.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A program that the request names.
    #[error("cannot start `{label}`")]
    Start {
        /// What it is.
        label: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Started as a command beside an API server, without one.
    #[error("no API server: got no KUBECONFIG and WINDLASS_CLUSTER_STATE, want both")]
    NoServer {
        /// The test.
        label: String,
    },
    /// The address that images are named by is not to be had.
    #[error("cannot serve registry `{registry}` in this test")]
    Registry {
        /// `host:port`.
        registry: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file that the test reads or writes.
    #[error("cannot {what} `{}`", path.display())]
    File {
        /// What was tried, after "cannot".
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: io::Error,
    },
    /// A target was not applied.
    #[error("`{label}` failed: {status}")]
    Run {
        /// The target.
        label: String,
        /// How it ended.
        status: ExitStatus,
        /// What it said.
        log: Vec<String>,
    },
    /// A target takes too long.
    #[error("`{label}` has not ended after {seconds} s")]
    Late {
        /// The target.
        label: String,
        /// How long it had.
        seconds: f64,
        /// What it said.
        log: Vec<String>,
    },
    /// What a target printed is no result.
    #[error("cannot read the result of `{label}`")]
    Result {
        /// The target.
        label: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The target did something else than it is expected to do.
    #[error("`{target}` did not do what `{label}` expects")]
    Unexpected {
        /// The target.
        target: String,
        /// The test.
        label: String,
        /// The differences.
        complaints: Vec<Complaint>,
        /// What the target did, for who has to find out why: its requests and what it said.
        trace: Vec<String>,
        /// Whether the steps stand in a file that can be written anew.
        golden: Steps,
    },
}

/// Where the steps of a test stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    /// In the BUILD file.
    Inline,
    /// In a file that `<test>.update` writes.
    Golden,
}

impl Error {
    /// An error of the operating system with a file.
    pub fn file(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { what, path, source }
    }
}

impl Explain for Error {
    fn evidence(&self) -> Vec<String> {
        let quoted = |lines: &[String]| lines.iter().map(|line| format!("  | {line}")).collect();
        match self {
            Self::Run { log, .. } | Self::Late { log, .. } => quoted(log),
            Self::Unexpected {
                complaints, trace, ..
            } => {
                let mut lines: Vec<String> = complaints.iter().flat_map(Complaint::lines).collect();
                lines.extend(quoted(trace));
                lines
            }
            _ => Vec::new(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoServer { label } => Some(format!("bazel test {label}")),
            Self::Unexpected {
                label,
                complaints,
                golden: Steps::Golden,
                ..
            } if complaints.iter().any(Complaint::is_of_steps) => Some(format!(
                "if that is as it should be: bazel run {label}.update"
            )),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Request { .. } => Exit::Input,
            Self::NoServer { .. } => Exit::Usage,
            Self::Registry { .. } => Exit::Registry,
            Self::Late { .. } => Exit::Rollout,
            Self::Files(_)
            | Self::Start { .. }
            | Self::File { .. }
            | Self::Run { .. }
            | Self::Result { .. }
            | Self::Unexpected { .. } => Exit::Failure,
        }
    }
}
