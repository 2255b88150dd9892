//! Files as a whole.

use crate::Error;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write as _};
use std::path::Path;
use windlass_whole_file::Readers;

/// Reads a request: JSON of one version.
pub(crate) fn read_request<T: DeserializeOwned>(path: &Path, version: u32) -> Result<T, Error> {
    windlass_versioned::read(path, version).map_err(|source| Error::Request {
        path: path.to_owned(),
        source,
    })
}

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

/// Puts a new file in the place of one that the user has, if there is one: whoever reads it meanwhile,
/// or after a crash, has the one or the other. Permissions stay, and so does a link to the file.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let put = windlass_whole_file::replace(path, Readers::AsBefore, |file| file.write_all(bytes));
    put.map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })
}

/// Writes what a reader gives.
pub(crate) fn copy(from: &mut impl Read, path: &Path) -> Result<(), Error> {
    create(path, |mut file| {
        let copied = io::copy(from, &mut file).and_then(|_| file.flush());
        copied.map_err(|source| Error::Write {
            path: path.to_owned(),
            source,
        })
    })
}
