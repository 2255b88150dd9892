//! Files of an action, with errors that name them.

use std::path::Path;

use windlass_k8s_object::Object;

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

/// The object of a file.
pub(crate) fn object(path: &Path) -> Result<Object, Cause> {
    parsed(path, &read(path)?)
}

/// The object of a file whose text is known.
pub(crate) fn parsed(path: &Path, text: &str) -> Result<Object, Cause> {
    Object::parse(text).map_err(|source| Cause::Object {
        path: path.to_owned(),
        source,
    })
}
