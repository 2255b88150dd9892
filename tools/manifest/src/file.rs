//! Files of an action, with errors that name them.

use std::path::Path;

use crate::error::Cause;

pub(crate) fn read(path: &Path) -> Result<String, Cause> {
    std::fs::read_to_string(path).map_err(|source| Cause::Read {
        path: path.to_owned(),
        source,
    })
}

pub(crate) fn write(path: &Path, text: &str) -> Result<(), Cause> {
    std::fs::write(path, text).map_err(|source| Cause::Write {
        path: path.to_owned(),
        source,
    })
}
