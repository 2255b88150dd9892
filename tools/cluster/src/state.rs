//! The folder of a cluster: keys, data, logs, and the lock that makes two callers wait for one
//! another.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};

use crate::environment::Environment;
use crate::error::Error;
use crate::k3d;
use crate::provider::Provider;
use crate::settings::Settings;

/// All that this program puts in the folder of a cluster.
const NAMES: [&str; 16] = [
    "certs.d",
    "images",
    "images.tar",
    "imported",
    "k3d.json",
    "kubeconfig",
    "lock",
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
    /// Makes the folder, for its owner only, where it is missing.
    pub fn create(path: &Path, environment: &Environment) -> Result<Self, Error> {
        let mut builder = DirBuilder::new();
        builder
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(Error::io("make", path))?;
        Self::open(path, environment)
    }

    /// The folder as it is. One that holds something else is refused: what stands in a cluster's
    /// folder is overwritten, and removed in the end.
    pub fn open(path: &Path, environment: &Environment) -> Result<Self, Error> {
        let path = path.canonicalize().map_err(Error::io("find", path))?;
        let records = environment.records();
        let state = Self { path, records };
        match state.stranger()? {
            Some(name) if state.made_by().is_none() => Err(Error::NotACluster {
                path: state.path,
                name,
            }),
            _ => Ok(state),
        }
    }

    /// Something in the folder that is no part of a cluster.
    fn stranger(&self) -> Result<Option<String>, Error> {
        let entries = std::fs::read_dir(&self.path).map_err(Error::io("list", &self.path))?;
        let mut names: Vec<String> = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| !NAMES.contains(&name.trim_end_matches(".part")))
            .collect();
        names.sort();
        Ok(names.into_iter().next())
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

    /// What a cluster of k3d was made with.
    pub fn k3d(&self) -> Option<k3d::Settings> {
        serde_json::from_slice(&std::fs::read(self.k3d_file()).ok()?).ok()
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
    /// is dropped. `say` is called if there is a wait.
    pub fn lock(&self, say: impl FnOnce()) -> Result<Flock<File>, Error> {
        let path = self.path.join("lock");
        let file = File::create(&path).map_err(Error::io("open", &path))?;
        lock(file, &path, say)
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
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let write = || {
        let _ = std::fs::remove_file(&part);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&part)?;
        file.write_all(data)?;
        std::fs::rename(&part, path)
    };
    write().map_err(Error::io("write", path))
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
