//! Why an agent of either role does not start.

use std::path::PathBuf;

use windlass_report::{Exit, Explain};

/// Why it does not start.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum Error {
    /// The program or its runfiles are not where they should be.
    #[error("cannot find the files of this program")]
    Launcher(#[source] windlass_runfiles::Error),
    /// The constants cannot be read.
    #[error("cannot use request `{}`", path.display())]
    Request {
        /// The request.
        path: PathBuf,
        /// Why.
        source: windlass_versioned::Error,
    },
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Launcher(_) => Exit::Failure,
            Self::Request { .. } => Exit::Input,
        }
    }
}
