//! What can go wrong.

use std::io;
use std::path::PathBuf;

use windlass_report::{Exit, Explain};

/// Why there is no site, or no script.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// A page cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The page.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// There is no table of contents.
    #[error("no file is called `SUMMARY.md`, want one: it is the table of contents")]
    Contents,
    /// A file would be no part of the site.
    #[error("`{}` is not below `{}`, where `SUMMARY.md` is", path.display(), folder.display())]
    Outside {
        /// The file.
        path: PathBuf,
        /// The folder of the table of contents.
        folder: PathBuf,
    },
    /// A file cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file, or the folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// mdBook ends with an error.
    #[error("mdBook makes no site of `{}`", summary.display())]
    Book {
        /// The table of contents.
        summary: PathBuf,
        /// What it says, its causes too.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Read { .. } | Self::Book { .. } => Exit::Input,
            Self::Contents | Self::Outside { .. } => Exit::Usage,
            Self::Write { .. } => Exit::Failure,
        }
    }
}
