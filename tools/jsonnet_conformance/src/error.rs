//! What can go wrong.

use std::path::{Path, PathBuf};

use windlass_report::{Exit, Explain};

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// A file or folder cannot be used.
    #[error("cannot {doing} `{}`", path.display())]
    File {
        /// What was tried: `read`, `write`, `run`.
        doing: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A folder that is no suite.
    #[error("cannot find cases in `{}`: there is no file `*.jsonnet`", folder.display())]
    Empty {
        /// The folder.
        folder: PathBuf,
    },
    /// A line of the list of differences.
    #[error(
        "cannot read line {number} of the known differences: got `{got}`, want `<case>: <reason>`, each case once"
    )]
    Line {
        /// Its number, from 1.
        number: usize,
        /// What it is.
        got: String,
    },
    /// Cases that differ and are not known to, or the other way round.
    #[error("the renderer differs from the suite in other cases than those that are known{text}")]
    Differs {
        /// Each on a line of its own.
        text: String,
    },
}

impl Error {
    /// For `map_err`.
    pub(crate) fn file(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            doing,
            path,
            source,
        }
    }
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Differs { .. } => Exit::Failure,
            Self::File { .. } | Self::Empty { .. } | Self::Line { .. } => Exit::Input,
        }
    }
}
