//! The folder of a cluster: keys, data, logs, and the lock that makes two callers wait for one
//! another.

use std::fs::{DirBuilder, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use windlass_whole_file::{Readers, replace};

use crate::environment::Environment;
use crate::error::Error;
use crate::k3d;
use crate::provider::Provider;
use crate::settings::Settings;

/// The file that says whose the folder is, and what it says.
const MARKER: &str = "windlass-cluster";
const MARKED: &str = "\
This folder is of a cluster that `bazel run //cluster:up` made.
`bazel run //cluster:reset` removes it.
";

/// The file that callers lock.
const LOCK: &str = "lock";

/// All else that this program puts in the folder of a cluster. Each may be there as `.part` too.
const NAMES: [&str; 16] = [
    "certs.d",
    "images",
    "images.tar",
    "imported",
    "k3d.json",
    "kubeconfig",
    "label",
    "log",
    "made-network",
    "merged-into",
    "node",
    "pki",
    "registries.yaml",
    "root",
    "settings.json",
    "var",
];

/// The folder of one cluster, an absolute path without links.
#[derive(Debug, Clone)]
pub struct State {
    path: PathBuf,
    records: PathBuf,
}

impl State {
    /// Makes the folder, for its owner only, where it is missing, marks it as ours and keeps other
    /// callers waiting until the lock is dropped. `say` is called if there is a wait.
    pub fn create(
        path: &Path,
        environment: &Environment,
        say: impl Fn(),
    ) -> Result<(Self, Flock<File>), Error> {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        loop {
            builder.create(path).map_err(Error::io("make", path))?;
            let state = match Self::open(path, environment) {
                // A `reset` has just removed the folder, here or while we waited for the lock.
                Err(_) if !path.exists() => continue,
                opened => opened?,
            };
            let Some(held) = state.lock(&say)? else {
                continue;
            };
            state.refuse_strangers()?;
            if !state.is_marked() {
                write_private(&state.path.join(MARKER), MARKED.as_bytes())?;
            }
            return Ok((state, held));
        }
    }

    /// The folder as it is. One that holds something else is refused: what stands in a cluster's
    /// folder is overwritten, and removed in the end.
    pub fn open(path: &Path, environment: &Environment) -> Result<Self, Error> {
        let path = path.canonicalize().map_err(Error::io("find", path))?;
        let records = environment.records();
        let state = Self { path, records };
        state.refuse_strangers()?;
        Ok(state)
    }

    /// Ours is a folder with our mark, an empty one, or one from before there was a mark: names
    /// like `log` and `settings.json` are of many.
    fn refuse_strangers(&self) -> Result<(), Error> {
        // Listed first: a caller that marks it meanwhile is seen as one that had.
        let names = self.names()?;
        let other = |name: &&String| !NAMES.contains(&name.trim_end_matches(".part"));
        let name = names.iter().find(other).or(names.first());
        match name {
            Some(name) if !self.is_marked() && (other(&name) || !self.is_of_before()) => {
                Err(Error::NotACluster {
                    path: self.path.clone(),
                    name: name.clone(),
                })
            }
            _ => Ok(()),
        }
    }

    /// What is in the folder but mark and lock, which are there before all else and after it.
    fn names(&self) -> Result<Vec<String>, Error> {
        let entries = std::fs::read_dir(&self.path).map_err(Error::io("list", &self.path))?;
        let mut names: Vec<String> = entries
            .flatten()
            .filter(|entry| !is_lock(entry))
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| name.trim_end_matches(".part") != MARKER)
            .collect();
        names.sort();
        Ok(names)
    }

    fn is_marked(&self) -> bool {
        std::fs::read(self.path.join(MARKER)).is_ok_and(|text| text == MARKED.as_bytes())
    }

    /// Whether an embedded cluster was started here by a version that made no mark.
    fn is_of_before(&self) -> bool {
        self.settings().is_some()
            && self.kubeconfig().is_file()
            && self.keys().join("admin.kubeconfig").is_file()
    }

    /// Removes all of ours, the mark and the lock last, and the folder if that was all. False where
    /// something else keeps it.
    pub fn remove(&self) -> Result<bool, Error> {
        let parts = NAMES.iter().map(|name| format!("{name}.part"));
        let names = NAMES.iter().map(|name| (*name).to_owned()).chain(parts);
        let last = [format!("{MARKER}.part"), MARKER.into(), LOCK.into()];
        for name in names.chain(last) {
            let path = self.path.join(name);
            let removed = match std::fs::symlink_metadata(&path) {
                Ok(data) if data.is_dir() => std::fs::remove_dir_all(&path),
                Ok(_) => std::fs::remove_file(&path),
                Err(error) => Err(error),
            };
            match removed {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(Error::io("remove", path)(error));
                }
                _ => {}
            }
        }
        match std::fs::remove_dir(&self.path) {
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Ok(false),
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Error::io("remove", &self.path)(error))
            }
            _ => Ok(true),
        }
    }

    /// Which provider made the cluster in this folder; none where there is none yet.
    pub fn made_by(&self) -> Option<Provider> {
        let has = |path: PathBuf| path.is_file();
        if has(self.k3d_file()) {
            Some(Provider::K3d)
        } else {
            has(self.settings_file()).then_some(Provider::Embedded)
        }
    }

    /// The folder of the records of running clusters.
    pub fn records(&self) -> &Path {
        &self.records
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The kubeconfig for users.
    pub fn kubeconfig(&self) -> PathBuf {
        self.path.join("kubeconfig")
    }

    /// Keys and certificates.
    pub fn keys(&self) -> PathBuf {
        self.path.join("pki")
    }

    /// The node's `/var`, where all data is.
    pub fn var(&self) -> PathBuf {
        self.path.join("var")
    }

    /// The copy of the node's scripts that the running cluster uses.
    pub fn node(&self) -> PathBuf {
        self.path.join("node")
    }

    /// What the supervisor and the node's first process say.
    pub fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    /// The kubeconfig that `--merge-kubeconfig` wrote to, by name.
    pub fn merged(&self) -> PathBuf {
        self.path.join("merged-into")
    }

    fn settings_file(&self) -> PathBuf {
        self.path.join("settings.json")
    }

    fn k3d_file(&self) -> PathBuf {
        self.path.join("k3d.json")
    }

    /// What a cluster of k3d was made with; none where there is none. What cannot be read is an
    /// error: a cluster that nobody knows of would run on.
    pub fn k3d(&self) -> Result<Option<k3d::Settings>, Error> {
        let path = self.k3d_file();
        let text = match std::fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.map_err(Error::io("read", &path))?,
        };
        let settings = serde_json::from_slice(&text);
        settings
            .map(Some)
            .map_err(|error| Error::io("read", &path)(std::io::Error::other(error)))
    }

    /// What the k3d cluster of this folder is labelled with: others have clusters of the name too.
    /// Chosen at random, once.
    pub fn label(&self) -> Result<String, Error> {
        let path = self.path.join("label");
        match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            read => return read.map_err(Error::io("read", &path)),
        }
        let label = format!("{:016x}", RandomState::new().hash_one(&self.path));
        write_private(&path, label.as_bytes())?;
        Ok(label)
    }

    /// Keeps what a cluster of k3d is made with.
    pub fn keep_k3d(&self, settings: &k3d::Settings) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(settings).unwrap_or_default();
        write_private(&self.k3d_file(), &text)
    }

    /// There where the k3d cluster's network was made with it.
    pub fn made_network(&self) -> PathBuf {
        self.path.join("made-network")
    }

    /// The k3d node's file of registries.
    pub fn registries(&self) -> PathBuf {
        self.path.join("registries.yaml")
    }

    /// The archive of the images that go into a k3d node.
    pub fn images(&self) -> PathBuf {
        self.path.join("images.tar")
    }

    /// Which programs' images the k3d node has, by the folder of the programs.
    pub fn imported(&self) -> PathBuf {
        self.path.join("imported")
    }

    /// What the embedded cluster was last started with.
    pub fn settings(&self) -> Option<Settings> {
        serde_json::from_slice(&std::fs::read(self.settings_file()).ok()?).ok()
    }

    /// Keeps what the cluster is started with.
    pub fn keep_settings(&self, settings: &Settings) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(settings).unwrap_or_default();
        write_private(&self.settings_file(), &text)
    }

    /// Waits until no other caller changes this cluster, and keeps others waiting until the lock
    /// is dropped. None where the folder is gone by then. `say` is called if there is a wait.
    pub fn lock(&self, say: impl Fn()) -> Result<Option<Flock<File>>, Error> {
        let path = self.path.join(LOCK);
        loop {
            let mut options = OpenOptions::new();
            options.create(true).write(true).truncate(false).mode(0o600);
            let file = match options.open(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                opened => opened.map_err(Error::io("open", &path))?,
            };
            let held = lock(file, &path, &say)?;
            // A `reset` may have removed the file while we waited for it.
            if is_at(&held, &path) {
                return Ok(Some(held));
            }
        }
    }

    /// The last lines of the log and of the parts of Kubernetes that spoke last.
    pub fn last_words(&self) -> Vec<String> {
        let mut lines = last_lines(&self.log(), 6);
        let mut logs: Vec<_> = std::fs::read_dir(self.var().join("log/cluster"))
            .map(|folder| folder.flatten().map(|entry| entry.path()).collect())
            .unwrap_or_default();
        logs.retain(|path: &PathBuf| !path.ends_with("audit.log"));
        logs.sort_by_key(|path| {
            std::fs::metadata(path)
                .and_then(|data| data.modified())
                .ok()
        });
        for path in logs.iter().rev().take(2) {
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            lines.extend(
                last_lines(path, 3)
                    .into_iter()
                    .map(|line| format!("{name}: {line}")),
            );
        }
        lines
    }
}

/// The lock that callers make: an empty file.
fn is_lock(entry: &std::fs::DirEntry) -> bool {
    let empty = |data: std::fs::Metadata| data.is_file() && data.len() == 0;
    entry.file_name() == LOCK && entry.metadata().is_ok_and(empty)
}

/// Whether an open file is still the one at the path.
pub fn is_at(file: &File, path: &Path) -> bool {
    let id = |data: std::fs::Metadata| (data.dev(), data.ino());
    let there = std::fs::metadata(path).ok().map(id);
    there.is_some() && file.metadata().ok().map(id) == there
}

/// Locks a file, waiting for whoever has it.
pub fn lock(file: File, path: &Path, say: impl FnOnce()) -> Result<Flock<File>, Error> {
    let file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(held) => return Ok(held),
        Err((file, _)) => file,
    };
    say();
    Flock::lock(file, FlockArg::LockExclusive)
        .map_err(|(_, errno)| Error::io("lock", path)(errno.into()))
}

/// Writes a file that only its owner reads, all or nothing.
pub fn write_private(path: &Path, data: &[u8]) -> Result<(), Error> {
    replace(path, Readers::Owner, |file| file.write_all(data)).map_err(Error::io("write", path))
}

/// The last `count` lines of a file, each cut at 300 characters; none where it cannot be read.
pub fn last_lines(path: &Path, count: usize) -> Vec<String> {
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let from = lines.len().saturating_sub(count);
    lines[from..]
        .iter()
        .map(|line| line.chars().take(300).collect())
        .collect()
}
