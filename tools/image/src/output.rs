//! Files as a whole.

use crate::Error;
use oci_spec::image::{Descriptor, MediaType};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use windlass_oci_reference::Digest;

/// Reads JSON.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })?;
    parse(path, &bytes)
}

/// Reads JSON that is, or is part of, what is at `path`.
pub(crate) fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|source| Error::Parse {
        path: path.to_owned(),
        source,
    })
}

/// What names a document: its media type, digest and size.
pub(crate) fn descriptor_of(media_type: MediaType, bytes: &[u8]) -> Descriptor {
    descriptor(media_type, Digest::of(bytes), bytes.len() as u64)
}

/// What names a blob.
pub(crate) fn descriptor(media_type: MediaType, digest: Digest, size: u64) -> Descriptor {
    let digest: oci_spec::image::Digest = digest
        .to_string()
        .parse()
        .expect("ours are stricter than theirs");
    Descriptor::new(media_type, size, digest)
}

/// Makes a file that is there as a whole or not at all. `fill` must flush what it is given.
pub(crate) fn create<T>(
    path: &Path,
    fill: impl FnOnce(BufWriter<File>) -> Result<T, Error>,
) -> Result<T, Error> {
    let out = File::create(path).map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })?;
    // A device has nothing to take back, and is not ours to remove.
    let is_file = std::fs::symlink_metadata(path).is_ok_and(|there| there.is_file());
    let filled = fill(BufWriter::new(out));
    if filled.is_err() && is_file {
        // What went wrong first is what the user has to know.
        let _ = std::fs::remove_file(path);
    }
    filled
}

/// Writes bytes.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    create(path, |mut file| {
        let written = file.write_all(bytes).and_then(|()| file.flush());
        written.map_err(|source| Error::Write {
            path: path.to_owned(),
            source,
        })
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
