//! Pins: which image an environment runs, from the lock file of a service (see [`windlass_pins`]).

use std::path::Path;

use windlass_oci_reference::Repository;
use windlass_pins::{FileError, Lock, LockError};

use crate::cli;
use crate::error::{Cause, Error};
use crate::file;

/// The annotation of an object whose environment has no pin for some of its images: their keys.
/// Such an object can be built and looked at; it cannot be applied.
pub const UNPINNED: &str = "windlass.dev/unpinned";

/// `manifest pins`: checks a lock file as a whole, and writes what one environment runs. So a
/// manifest is built anew only if a pin of its own environment changes.
///
/// # Errors
/// See [`Error`].
pub fn run(arguments: &cli::Pins) -> Result<(), Error> {
    let checked = || -> Result<(), Cause> {
        let lock = read(&arguments.lock)?;
        check(&lock, arguments).map_err(FileError::unheld(&arguments.lock))?;
        let own = lock.only(&arguments.environment_name);
        file::write(&arguments.out, &own.to_string())
    };
    checked().map_err(|cause| Error {
        task: "check pins",
        label: arguments.label.clone(),
        cause: Box::new(cause),
    })
}

fn check(lock: &Lock, arguments: &cli::Pins) -> Result<(), LockError> {
    // A pin target that is made by hand need not know them.
    if !arguments.known_environment.is_empty() {
        lock.check_environments(&arguments.known_environment)?;
    }
    if !arguments.known_image.is_empty() {
        lock.check_images(&arguments.known_image)?;
    }
    let repositories = arguments.repository.iter();
    let repositories: Vec<_> = repositories
        .map(|one| (one.key.clone(), one.repository.clone()))
        .collect();
    lock.check_repositories(&arguments.environment_name, &repositories)
}

/// Reads a lock file.
pub(crate) fn read(path: &Path) -> Result<Lock, FileError> {
    Lock::read(path, path)
}

/// What stands in a manifest for an image that nobody has pinned. No digest, so nothing runs it.
pub(crate) fn stand_in(repository: &Repository) -> String {
    format!("{repository}:unpinned")
}
