//! Why a tour ended early.

use std::io;
use std::path::PathBuf;

use windlass_report::{Exit, Explain};

/// Why a tour ended early.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// The launcher or its runfiles are not where they should be.
    #[error("cannot find the files of the tour")]
    Files(#[source] windlass_runfiles::Error),
    /// The request cannot be read.
    #[error("cannot read request `{}`", path.display())]
    Request {
        /// The request.
        path: PathBuf,
        /// Why.
        source: windlass_versioned::Error,
    },
    /// There is no copy of the checkout, or it cannot be rendered.
    #[error(transparent)]
    Rendered(#[from] windlass_rendered::error::Error),
    /// A file that a step edits.
    #[error("cannot edit `{file}`")]
    Edit {
        /// The file.
        file: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// The checkout has moved on.
    #[error("cannot edit `{file}`: it does not hold `{text}`")]
    NoText {
        /// The file.
        file: String,
        /// What a step puts something else in place of.
        text: String,
    },
    /// A mistake that nobody notices.
    #[error("`bazel build {arguments}` is not refused as it should be")]
    NotRefused {
        /// What was built.
        arguments: String,
        /// What Bazel said.
        said: Vec<String>,
    },
}

impl Explain for Error {
    fn evidence(&self) -> Vec<String> {
        match self {
            Self::NotRefused { said, .. } => said.clone(),
            _ => Vec::new(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Rendered(error) => error.hint(),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Request { .. } | Self::NoText { .. } => Exit::Input,
            Self::Rendered(error) => error.exit(),
            Self::Files(_) | Self::Edit { .. } | Self::NotRefused { .. } => Exit::Failure,
        }
    }
}
