//! The lock file of one service: read, or changed by one writer at a time.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use windlass_pins::Lock;

use crate::error::Error;

/// A service's `pins.json`.
#[derive(Clone, Debug)]
pub struct PinsFile {
    path: PathBuf,
    shown: PathBuf,
}

impl PinsFile {
    pub(crate) fn new(root: &Path, shown: PathBuf) -> Self {
        let path = root.join(&shown);
        Self { path, shown }
    }

    /// The path, from the checkout's root.
    pub fn shown(&self) -> &Path {
        &self.shown
    }

    /// Reads the file, which may have pins of these environments only.
    pub fn read(&self, environments: &[&str]) -> Result<Lock, Error> {
        let text = fs::read_to_string(&self.path).map_err(|source| Error::Read {
            path: self.shown.clone(),
            source,
        })?;
        let parsed = Lock::parse(&text).and_then(|lock| {
            lock.check_environments(environments)?;
            Ok(lock)
        });
        parsed.map_err(|source| Error::Pins {
            path: self.shown.clone(),
            source,
        })
    }

    /// Changes the file, and gives what `edit` gives. Of two that change it at once, one waits
    /// for the other and reads what it wrote. The new file takes the place of the old one whole,
    /// so a reader sees one or the other; without a change, nothing is written.
    pub fn change<T>(
        &self,
        environments: &[&str],
        edit: impl FnOnce(&mut Lock) -> T,
    ) -> Result<T, Error> {
        let failed = |source| Error::Write {
            path: self.shown.clone(),
            source,
        };
        // A link stays one: what it points to is replaced.
        let path = fs::canonicalize(&self.path).map_err(failed)?;
        let held = hold(&path).map_err(failed)?;
        let before = self.read(environments)?;
        let mut lock = before.clone();
        let result = edit(&mut lock);
        if lock != before {
            replace(&path, &held, &lock.to_string()).map_err(failed)?;
        }
        Ok(result)
    }
}

/// The file that is at a path, locked; closing it lets others go on. The lock is the kernel's, so
/// it ends with this process, however that ends.
fn hold(path: &Path) -> io::Result<File> {
    loop {
        let file = File::open(path)?;
        file.lock()?;
        // While this one waited, another may have replaced the file that it waited for.
        let (held, there) = (file.metadata()?, fs::metadata(path)?);
        if (held.dev(), held.ino()) == (there.dev(), there.ino()) {
            return Ok(file);
        }
    }
}

/// Puts a new file with the old one's permissions in its place. Only who holds the old one does
/// this, so the name beside it is free, or left by somebody who was killed.
fn replace(path: &Path, old: &File, text: &str) -> io::Result<()> {
    let beside = path.with_extension("json.new");
    let write = || {
        let mut new = File::create(&beside)?;
        new.set_permissions(old.metadata()?.permissions())?;
        new.write_all(text.as_bytes())?;
        new.sync_all()?;
        fs::rename(&beside, path)
    };
    let written = write();
    if written.is_err() {
        // What it could not write is not worth another error.
        let _ = fs::remove_file(&beside);
    }
    written
}
