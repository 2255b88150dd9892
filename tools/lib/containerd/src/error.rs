//! What can go wrong, in the form that users see.

use std::path::PathBuf;
use windlass_oci_reference::ImageReference;
use windlass_oci_registry::Cause as BlobCause;
use windlass_report::{Exit, Explain};

/// Why an image is not on the node, or is not known to be.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// Nobody answers at the socket.
    #[error("cannot reach containerd at `{}`", socket.display())]
    Reach {
        /// The socket.
        socket: PathBuf,
        /// What failed.
        #[source]
        cause: Box<Cause>,
    },
    /// A look-up failed; nothing is known about the image.
    #[error("cannot look up `{image}` on the node")]
    LookUp {
        /// The image.
        image: Box<ImageReference>,
        /// What failed.
        #[source]
        cause: Box<Cause>,
    },
    /// A push ended half way. What has arrived stays for an hour, and is not sent again.
    #[error("cannot push image `{label}` to the node")]
    Push {
        /// The image's label.
        label: String,
        /// What failed.
        #[source]
        cause: Box<Cause>,
    },
}

impl Error {
    /// What failed.
    pub fn cause(&self) -> &Cause {
        match self {
            Self::Reach { cause, .. } | Self::LookUp { cause, .. } | Self::Push { cause, .. } => {
                cause
            }
        }
    }
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        match self.cause() {
            Cause::Blob(BlobCause::File { .. } | BlobCause::FileSize { .. }) => Exit::Input,
            _ => Exit::Registry,
        }
    }
}

/// What failed, to the call: `Content/Write`.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Cause {
    /// containerd said no.
    #[error("{call}: {code}: {message}")]
    Status {
        /// What was asked.
        call: String,
        /// The gRPC status: `FailedPrecondition`.
        code: String,
        /// Why.
        message: String,
    },
    /// No answer.
    #[error("{call}: {reason}")]
    Connection {
        /// What was asked.
        call: String,
        /// The innermost reason: `Connection refused (os error 111)`.
        reason: String,
    },
    /// An answer that its API does not allow.
    #[error("{call}: got {got}, want {want}")]
    Answer {
        /// What was asked.
        call: String,
        /// What containerd said.
        got: String,
        /// What it should have said.
        want: String,
    },
    /// Kubernetes does not know of an image that is there.
    #[error(
        "containerd has it, but its part for Kubernetes has not taken it over after {seconds} s"
    )]
    Unseen {
        /// How long was waited.
        seconds: u64,
    },
    /// A blob cannot be read from where it is.
    #[error(transparent)]
    Blob(#[from] BlobCause),
}
