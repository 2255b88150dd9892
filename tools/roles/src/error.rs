//! Why there are no rights.

use std::path::PathBuf;

use windlass_report::{Exit, Explain};

/// Why there are no rights.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// A request cannot be used.
    #[error(transparent)]
    Request(Box<windlass_deploy::Error>),
    /// A target has objects that an account of a namespace cannot be given rights to.
    #[error("no account of a namespace can apply `{target}`: {object} is in no namespace")]
    Cluster {
        /// The target.
        target: String,
        /// The first of these objects.
        object: String,
    },
    /// The file cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Explain for Error {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Request(error) => error.hint(),
            Self::Cluster { .. } | Self::Write { .. } => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Request(error) => error.exit(),
            Self::Cluster { .. } => Exit::Input,
            Self::Write { .. } => Exit::Failure,
        }
    }
}
