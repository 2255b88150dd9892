//! What is kept between turns: a folder that one agent has at a time.
//!
//! | path | what |
//! |---|---|
//! | `status.json` | how it stands; whole at any moment |
//! | `mirror.git` | the branch |
//! | `releases/<commit>/` | the releases of the commit that is being applied, as the registry gave them |
//! | `unpacked/` | one of them, while it is applied |
//! | `lock` | held while an agent runs |
//!
//! All but the status can be removed while no agent runs: it is fetched again.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use windlass_pins::Commit;
use windlass_whole_file::{Readers, replace};

use super::Error;
use super::status::{Status, VERSION};

/// How long one that was killed may take to let go: what it was just about to start has the lock, too,
/// until it is started.
const PATIENCE: Duration = Duration::from_secs(1);

/// A folder that nobody else has.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// The kernel lets go of it when this process ends, however that ends.
    _lock: File,
}

impl Folder {
    /// Takes a folder; makes it where it is missing.
    ///
    /// # Errors
    /// Another agent has it, or it cannot be made.
    pub fn take(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Write {
            path: path.to_owned(),
            source,
        };
        fs::create_dir_all(path).map_err(failed)?;
        let mut options = File::options();
        let lock = options.create(true).truncate(false).write(true);
        let lock = lock.open(path.join("lock")).map_err(failed)?;
        let until = Instant::now() + PATIENCE;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < until => sleep(PATIENCE / 20),
                Err(TryLockError::WouldBlock) => {
                    let path = path.to_owned();
                    return Err(Error::Taken { path });
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// The status that was written last; `None` if there is none.
    ///
    /// # Errors
    /// There is one, and it cannot be read.
    pub fn status(&self) -> Result<Option<Status>, Error> {
        let path = self.path.join("status.json");
        match windlass_versioned::read(&path, VERSION) {
            Ok(status) => Ok(Some(status)),
            Err(windlass_versioned::Error::Read(error))
                if error.kind() == io::ErrorKind::NotFound =>
            {
                Ok(None)
            }
            Err(source) => Err(Error::Status { path, source }),
        }
    }

    /// Writes the status.
    ///
    /// # Errors
    /// The disk is full, say; what was written before is there still.
    pub fn keep(&self, status: &Status) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(status).expect("plain data is JSON") + "\n";
        self.write(Path::new("status.json"), text.as_bytes())
    }

    /// A file of a release that was kept; `None` if it was not.
    pub fn kept(&self, commit: &Commit, name: &str) -> Option<Vec<u8>> {
        fs::read(self.path.join(release(commit)).join(name)).ok()
    }

    /// Keeps a file of a release.
    ///
    /// # Errors
    /// The disk is full, say.
    pub fn keep_release(&self, commit: &Commit, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let folder = release(commit);
        let path = self.path.join(&folder);
        fs::create_dir_all(&path).map_err(|source| Error::Write { path, source })?;
        self.write(&folder.join(name), bytes)
    }

    /// Removes the releases of all other commits.
    ///
    /// # Errors
    /// They cannot be removed.
    pub fn forget_all_but(&self, commit: &Commit) -> Result<(), Error> {
        let path = self.path.join("releases");
        let forget = || {
            for entry in fs::read_dir(&path)? {
                let entry = entry?;
                if entry.file_name() != commit.as_str() {
                    fs::remove_dir_all(entry.path())?;
                }
            }
            Ok(())
        };
        forget().map_err(|source| Error::Write {
            path: path.clone(),
            source,
        })
    }

    /// An empty folder to unpack a release into.
    ///
    /// # Errors
    /// The disk is full, say.
    pub fn empty(&self) -> Result<PathBuf, Error> {
        let path = self.path.join("unpacked");
        let make = || {
            match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            fs::create_dir(&path)
        };
        make().map_err(|source| Error::Write {
            path: path.clone(),
            source,
        })?;
        Ok(path)
    }

    fn write(&self, name: &Path, bytes: &[u8]) -> Result<(), Error> {
        let path = self.path.join(name);
        let written = replace(&path, Readers::AsBefore, |file| file.write_all(bytes));
        written.map_err(|source| Error::Write { path, source })
    }
}

fn release(commit: &Commit) -> PathBuf {
    Path::new("releases").join(commit.as_str())
}
