//! Lock files on a disk: what is wrong with one is said with its path.

use std::io;
use std::path::{Path, PathBuf};

use crate::{Lock, LockError};

/// A lock file that cannot be used. The path is as users know it.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::IntoStaticStr, strum::VariantNames))]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// It does not hold pins, or not those that are wanted.
    #[error("pins `{}` do not hold", path.display())]
    Pins {
        /// The file.
        path: PathBuf,
        /// Why.
        source: LockError,
    },
}

impl Lock {
    /// Reads the file `path`, which users know as `shown`.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn read(path: &Path, shown: &Path) -> Result<Self, FileError> {
        let text = std::fs::read_to_string(path).map_err(FileError::unread(shown))?;
        Self::parse(&text).map_err(FileError::unheld(shown))
    }
}

impl FileError {
    /// What an error of the operating system is of the file that users know as `shown`.
    pub fn unread(shown: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = shown.to_owned();
        move |source| Self::Read { path, source }
    }

    /// What an error of its pins is of the file that users know as `shown`.
    pub fn unheld(shown: &Path) -> impl FnOnce(LockError) -> Self {
        let path = shown.to_owned();
        move |source| Self::Pins { path, source }
    }
}
