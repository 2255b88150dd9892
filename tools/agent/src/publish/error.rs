//! Why nothing can be published.

use std::io;
use std::path::PathBuf;

use windlass_attestation::SignError;
use windlass_oci_reference::ParseError;
use windlass_oci_registry::ImageError;
use windlass_report::{Exit, Explain};

/// Why nothing, or not all, can be published.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum Error {
    /// Not started by `bazel run`.
    #[error(
        "BUILD_WORKSPACE_DIRECTORY: got nothing, want the checkout; `bazel run` in a workspace \
         sets it"
    )]
    NoWorkspace,
    /// No environment of this name has pins.
    #[error("--env: got `{got}`, want {want}")]
    UnknownEnvironment {
        /// The name.
        got: String,
        /// Those that there are.
        want: String,
    },
    /// The password of a URL would come into command lines and messages.
    #[error(
        "--remote: got a URL with a password, want one without; git asks a credential helper for it"
    )]
    Password,
    /// A program would have to be asked for the key.
    #[error("--key: got `{got}`, want the line of its .pub file: a program cannot be asked for it")]
    Key {
        /// The fingerprint.
        got: String,
    },
    /// It is not known where to keep the clone.
    #[error("--state: got nothing, and neither XDG_STATE_HOME nor HOME says where to keep a clone")]
    NoState,
    /// The folder that keeps the clone cannot be used.
    #[error("cannot keep a clone in `{}`", path.display())]
    State {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Another one has the folder.
    #[error("another publisher works in `{}`", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// A step that git, or the library of pins, does not take.
    #[error(transparent)]
    Pins(#[from] windlass_pin::Error),
    /// The branch has moved on.
    #[error("branch `{branch}` was commit `{from}` and is `{to}`; nothing was pinned")]
    Moved {
        /// The branch.
        branch: String,
        /// What it was when the turn began.
        from: String,
        /// What it is.
        to: String,
    },
    /// A commit of which nothing can be made. Why, Bazel has said on stderr.
    #[error("commit `{commit}`: {what}")]
    Refused {
        /// The commit.
        commit: String,
        /// What is wrong with it: `its images do not build`.
        what: String,
        /// How Bazel ended.
        source: Reason,
    },
    /// Bazel ended otherwise than a commit can make it.
    #[error("cannot {what}")]
    Bazel {
        /// What it was asked for, after "cannot".
        what: String,
        /// How it ended.
        source: Reason,
    },
    /// What is to be pushed cannot be read.
    #[error("cannot use request `{}`", path.display())]
    Push {
        /// The request that Bazel has made.
        path: PathBuf,
        /// Why.
        source: windlass_versioned::Error,
    },
    /// An image is not what its files say.
    #[error("cannot use image `{label}`")]
    Image {
        /// Its target.
        label: String,
        /// Why.
        source: ImageError,
    },
    /// An image or a release whose name no repository can have.
    #[error("`{target}` names no repository")]
    Repository {
        /// The image's key, or the target.
        target: String,
        /// Why.
        source: ParseError,
    },
    /// Nobody has signed.
    #[error("cannot attest image `{image}`")]
    Sign {
        /// The image.
        image: String,
        /// Why.
        source: SignError,
    },
    /// A registry does not do what it is asked for.
    #[error(transparent)]
    Registry(Box<windlass_oci_registry::Error>),
    /// A file with credentials is there and cannot be used.
    #[error(transparent)]
    DockerConfig(#[from] windlass_oci_registry::ConfigError),
    /// It cannot be told how the turn ended.
    #[error("cannot write status `{}`", path.display())]
    Status {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

/// A cause that is a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Reason(pub String);

impl Error {
    pub(super) fn registry(error: windlass_oci_registry::Error) -> Self {
        Self::Registry(Box::new(error))
    }

    /// Whether it is the commit: the same, and not another time or machine, would end the same.
    pub(super) fn is_of_commit(&self) -> bool {
        match self {
            Self::Refused { .. } => true,
            // Pins that do not hold.
            Self::Pins(error) => error.exit() == Exit::Input,
            _ => false,
        }
    }
}

impl Explain for Error {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Pins(error) => error.hint(),
            Self::Registry(error) => error.hint(),
            Self::Sign { source, .. } => source.hint(),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::UnknownEnvironment { .. } | Self::Password | Self::Key { .. } => Exit::Usage,
            Self::Refused { .. } | Self::Repository { .. } => Exit::Input,
            Self::NoWorkspace | Self::NoState | Self::Busy { .. } | Self::Moved { .. } => {
                Exit::Preflight
            }
            Self::Pins(error) => error.exit(),
            Self::Registry(error) => error.exit(),
            Self::DockerConfig(error) => error.exit(),
            Self::Sign { source, .. } => source.exit(),
            Self::State { .. }
            | Self::Bazel { .. }
            | Self::Push { .. }
            | Self::Image { .. }
            | Self::Status { .. } => Exit::Failure,
        }
    }
}
