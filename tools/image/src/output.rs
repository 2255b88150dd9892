//! Small files as a whole.

use crate::Error;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// Reads JSON.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })?;
    serde_json::from_slice(&bytes).map_err(|source| Error::Parse {
        path: path.to_owned(),
        source,
    })
}

/// Writes bytes.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    std::fs::write(path, bytes).map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })
}

/// Compact JSON with the keys of every object in order: some types of oci-spec hold hash maps.
///
/// # Panics
/// Never: the types that come here have string keys and no fallible parts.
pub(crate) fn to_canonical_json(value: &impl Serialize) -> Vec<u8> {
    let mut value = serde_json::to_value(value).expect("plain data");
    value.sort_all_objects();
    value.to_string().into_bytes()
}
