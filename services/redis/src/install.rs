//! Copies this program to where other containers of the pod see it.

use crate::error::Error;
use std::fs;
use std::path::Path;

/// The program's name there.
pub const NAME: &str = "redis-bootstrap";

/// Copies the running program into a folder. What is there before is replaced at once, not rewritten: it
/// may be running.
///
/// # Errors
/// What the operating system says.
pub fn install(directory: &Path) -> Result<(), Error> {
    let (part, whole) = (directory.join(format!("{NAME}.part")), directory.join(NAME));
    std::env::current_exe()
        .and_then(|program| fs::copy(program, &part))
        .and_then(|_| fs::rename(&part, &whole))
        .map_err(|source| Error::Install {
            directory: directory.to_owned(),
            source,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = install(Path::new("/nowhere/at/all")).expect_err("has no folder");
        assert_eq!(error.to_string(), "cannot install into `/nowhere/at/all`");
    }
}
