//! Why there is no page.

use std::io;
use std::path::PathBuf;

use windlass_pins::FileError;
use windlass_report::{Exit, Explain};

/// Why there is no page.
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
    /// Bazel or git do not tell what there is.
    #[error(transparent)]
    Rendered(#[from] windlass_rendered::error::Error),
    /// No object is in such an environment.
    #[error("no object is in environment `{got}`, want {want}")]
    UnknownEnvironment {
        /// The environment.
        got: String,
        /// Those that there are.
        want: String,
    },
    /// A file of pins cannot be used.
    #[error("cannot tell what is pinned")]
    Pins(#[source] FileError),
    /// The page cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file, as the user names it.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

impl Explain for Error {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Rendered(error) => error.hint(),
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } | Self::UnknownEnvironment { .. } => Exit::Usage,
            Self::Request { .. } | Self::Pins(_) => Exit::Input,
            Self::Rendered(error) => error.exit(),
            Self::Files(_) | Self::Write { .. } => Exit::Failure,
        }
    }
}
