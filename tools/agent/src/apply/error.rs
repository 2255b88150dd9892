//! Why an agent does not start, or applies nothing.

use std::net::SocketAddr;
use std::path::PathBuf;

use windlass_attestation::CommitError;
use windlass_oci_reference::{ImageReference, ParseError};
use windlass_pins::Commit;
use windlass_report::{Exit, Explain};

use super::bundle::BundleError;
use super::find::ReleaseProofError;
use super::pause::PauseError;

/// Why an agent does not start, or applies nothing.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum Error {
    /// No environment of this name.
    #[error("--env: got `{got}`, want {want}")]
    UnknownEnvironment {
        /// The name.
        got: String,
        /// Those that there are.
        want: String,
    },
    /// A remote with a password in it.
    #[error(
        "--remote: got a URL with a password, want one without; git asks a credential helper for it"
    )]
    Password,
    /// Nothing to apply.
    #[error("environment `{environment}` has no targets in the constants; want --target")]
    NoTarget {
        /// The environment.
        environment: String,
    },
    /// A target whose releases are nowhere.
    #[error("target `{label}` has no repository for its releases")]
    Target {
        /// The target.
        label: String,
        /// Why.
        source: ParseError,
    },
    /// Nowhere to keep anything.
    #[error("--state: got nothing, and neither STATE_DIRECTORY nor HOME is set")]
    NoFolder,
    /// Somebody else keeps something there.
    #[error("another agent has `{}`", path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// The status that was written last is not to be read, so nobody knows what was applied.
    #[error("cannot use status `{}`", path.display())]
    Status {
        /// The file.
        path: PathBuf,
        /// Why.
        source: windlass_versioned::Error,
    },
    /// Nobody can ask how it stands.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// A file with credentials is there and cannot be used.
    #[error(transparent)]
    DockerConfig(#[from] windlass_oci_registry::ConfigError),
    /// Something of its folder cannot be written: the disk is full, say.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// There is no git to ask.
    #[error("cannot start git: PATH has none")]
    NoGit,
    /// git does not do what it is asked for: the remote is gone, say.
    #[error("cannot {what}")]
    Git {
        /// What was asked, after "cannot".
        what: String,
        /// git's own words.
        source: Reason,
    },
    /// Somebody has pushed by force.
    #[error(
        "branch `{branch}` has lost commit `{from}`, which was applied: its head is `{to}`, which does not come \
         from it; nothing was written"
    )]
    Rewritten {
        /// The branch.
        branch: String,
        /// What was applied.
        from: Commit,
        /// Its head.
        to: Commit,
    },
    /// The file that stops environments does not say which.
    #[error("`{path}` of commit `{commit}` does not say what is paused; nothing was written")]
    Pause {
        /// The file.
        path: String,
        /// The commit.
        commit: Commit,
        /// Why.
        source: PauseError,
    },
    /// The cluster does not say who may sign commits.
    #[error(
        "protected environment `{environment}` takes signed commits only, and {context} trusts no committers"
    )]
    NoCommitters {
        /// The environment.
        environment: String,
        /// The context.
        context: String,
    },
    /// A commit that nobody has signed who may.
    #[error(
        "protected environment `{environment}` takes signed commits only: commit `{commit}` is not signed by one of \
         the committers; nothing was written"
    )]
    Unsigned {
        /// The environment.
        environment: String,
        /// The commit.
        commit: Commit,
        /// Why.
        source: CommitError,
    },
    /// A release that nobody who is trusted speaks for.
    #[error("cannot prove that `{image}` is the release of commit `{commit}`; nothing was written")]
    Unproven {
        /// The image.
        image: Box<ImageReference>,
        /// The commit.
        commit: Commit,
        /// Why.
        source: Box<ReleaseProofError>,
    },
    /// A release that is proven, and not what the agent is for.
    #[error("cannot apply `{image}`; nothing was written")]
    Bundle {
        /// The image.
        image: Box<ImageReference>,
        /// Why.
        source: Box<BundleError>,
    },
    /// The registry does not say whether there is a release.
    #[error(transparent)]
    Registry(Box<windlass_oci_registry::Error>),
    /// The cluster does not say whom it trusts.
    #[error(transparent)]
    Cluster(#[from] Box<windlass_deploy::Error>),
    /// A target could not be applied, as the deploy engine says.
    #[error(transparent)]
    Apply(Box<windlass_deploy::Failure>),
    /// Ctrl-C or SIGTERM, before anything was applied.
    #[error("interrupted; nothing was written")]
    Interrupted,
}

/// A cause that is a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Reason(pub String);

impl Error {
    /// Whether what was found is at fault, and not who did not answer: the same commit is refused again.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Rewritten { .. }
            | Self::Pause { .. }
            | Self::NoCommitters { .. }
            | Self::Unsigned { .. }
            | Self::Unproven { .. } => true,
            Self::Bundle { source, .. } => !matches!(**source, BundleError::Write { .. }),
            _ => false,
        }
    }
}

impl Explain for Error {
    fn evidence(&self) -> Vec<String> {
        match self {
            Self::Cluster(error) => error.evidence(),
            Self::Apply(failure) => failure.evidence(),
            _ => Vec::new(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Rewritten { branch, to, .. } => Some(format!(
                "look at `git log {branch} {to}`; then --apply --once --allow-rewrite, if it is meant"
            )),
            Self::NoCommitters { .. } => {
                Some("kubectl -n windlass-system edit configmap windlass-trust".to_owned())
            }
            Self::Unsigned { commit, .. } => Some(format!("git log --show-signature -1 {commit}")),
            Self::Status { path, .. } => Some(format!("rm {}", path.display())),
            Self::Registry(error) => error.hint(),
            Self::Cluster(error) => error.hint(),
            Self::Apply(failure) => failure.hint(),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::UnknownEnvironment { .. }
            | Self::Password
            | Self::NoTarget { .. }
            | Self::Target { .. }
            | Self::NoFolder => Exit::Usage,
            Self::Status { .. } | Self::Pause { .. } => Exit::Input,
            Self::Bundle { source, .. } => match **source {
                BundleError::Write { .. } => Exit::Failure,
                _ => Exit::Input,
            },
            Self::Taken { .. }
            | Self::Rewritten { .. }
            | Self::NoCommitters { .. }
            | Self::Unsigned { .. }
            | Self::Unproven { .. } => Exit::Preflight,
            Self::DockerConfig(error) => error.exit(),
            Self::Registry(error) => error.exit(),
            Self::Cluster(error) => error.exit(),
            Self::Apply(failure) => failure.exit(),
            Self::Listen { .. } | Self::Write { .. } | Self::NoGit | Self::Git { .. } => {
                Exit::Failure
            }
            Self::Interrupted => Exit::Interrupted,
        }
    }
}
