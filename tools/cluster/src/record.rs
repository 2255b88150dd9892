//! The record of a running cluster: a file under /run/windlass that its supervisor keeps locked.
//!
//! The kernel drops the lock when the supervisor ends, however it ends. So a locked record is a
//! running cluster, and one that can be locked is of a supervisor that was killed: what it left
//! (cgroup folders, which belong to no process) is removed by whoever finds it.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use crate::cgroup;
use crate::error::Error;
use crate::state::{self, State};

/// What the file says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The cluster's folder.
    pub state: PathBuf,
    /// The supervisor, as its own PID namespace numbers it.
    pub pid: i32,
    /// The cgroups that it made.
    pub cgroups: Vec<PathBuf>,
}

/// A record that this process holds.
#[derive(Debug)]
pub struct Held {
    file: Flock<File>,
    path: PathBuf,
}

/// A name for a state folder that fits in file names: FNV-1a (64 bits) of its path.
pub fn id(state: &Path) -> String {
    let bytes = state.as_os_str().as_encoded_bytes();
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn path(state: &State) -> PathBuf {
    let name = format!("{}.json", id(state.path()));
    state.records().join(name)
}

/// Takes the record of the cluster in this folder. Waits for a caller that is sweeping.
pub fn hold(state: &State, record: &Record) -> Result<Held, Error> {
    let folder = state.records();
    std::fs::create_dir_all(folder).map_err(Error::io("make", folder))?;
    let path = path(state);
    loop {
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .map_err(Error::io("open", &path))?;
        let file = state::lock(file, &path, || ())?;
        // A sweep may have removed the file while we waited for it.
        if state::is_at(&file, &path) {
            let held = Held { file, path };
            held.write(record)?;
            return Ok(held);
        }
    }
}

impl Held {
    fn write(&self, record: &Record) -> Result<(), Error> {
        use std::os::unix::fs::FileExt;
        let text = serde_json::to_vec(record).unwrap_or_default();
        self.file
            .set_len(0)
            .map_err(Error::io("write", &self.path))?;
        self.file
            .write_all_at(&text, 0)
            .map_err(Error::io("write", &self.path))
    }

    /// Removes the record, and its folder if it was the last one.
    pub fn remove(self) {
        let _ = std::fs::remove_file(&self.path);
        let _ = self.path.parent().map(std::fs::remove_dir);
    }
}

/// The record of a running cluster, if it runs.
pub fn running(state: &State) -> Option<Record> {
    let path = path(state);
    let file = File::open(&path).ok()?;
    match Flock::lock(file, FlockArg::LockSharedNonblock) {
        Ok(_) => None,
        Err(_) => serde_json::from_slice(&std::fs::read(&path).ok()?).ok(),
    }
}

/// Removes what killed supervisors left, of any cluster of this machine.
pub fn sweep(records: &Path) {
    let entries = std::fs::read_dir(records).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        let Ok(file) = File::open(&path) else {
            continue;
        };
        let Ok(held) = Flock::lock(file, FlockArg::LockExclusiveNonblock) else {
            continue;
        };
        let text = std::fs::read(&path).unwrap_or_default();
        if let Ok(record) = serde_json::from_slice::<Record>(&text) {
            cgroup::remove(&record.cgroups);
            if record.cgroups.iter().any(|cgroup| cgroup.exists()) {
                continue;
            }
        }
        Held { file: held, path }.remove();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_the_path_alone() {
        // The published test vector of FNV-1a for "a".
        assert_eq!(id(Path::new("a")), "af63dc4c8601ec8c");
        assert_ne!(id(Path::new("/a/b")), id(Path::new("/a/c")));
    }
}
