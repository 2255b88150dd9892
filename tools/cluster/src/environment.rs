//! What this program reads of its surroundings: variables, who it is and where its own file is.
//! Here, and nowhere else.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Variables go into the toolbox under this prefix, which `toolbox/enter` lets through.
const PASSED: &str = "WINDLASS_PASS_";

/// Variables that are the toolbox's own, or the shell's, and stay where they are.
const OWN: [&str; 10] = [
    "PATH",
    "WINDLASS_TOOLBOX",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "BASH_ENV",
    "ENV",
    "PWD",
    "OLDPWD",
    "SHLVL",
    "_",
];

/// Who this process is, to the machine that it runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// Root of a Linux machine.
    Root,
    /// Root of a user namespace, which is nobody outside.
    RootOfNamespace,
    /// Another user of a Linux machine.
    User(u32),
    /// Somebody on another system.
    Foreign(String),
}

impl Identity {
    fn read() -> Self {
        if !cfg!(target_os = "linux") {
            return Self::Foreign(std::env::consts::OS.to_owned());
        }
        let user = nix::unistd::geteuid();
        if !user.is_root() {
            return Self::User(user.as_raw());
        }
        let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        // Third field: how many users there are (user_namespaces(7)).
        if map.split_whitespace().nth(2) == Some("4294967295") {
            Self::Root
        } else {
            Self::RootOfNamespace
        }
    }
}

/// The variables of the caller, inside the toolbox too, and what else this process is told.
#[derive(Debug, Clone)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    identity: Identity,
    program: Option<PathBuf>,
}

impl Environment {
    /// This process's; what was passed into the toolbox has its own name again.
    pub fn read() -> Self {
        let program = std::env::current_exe().ok();
        Self::new(std::env::vars_os(), Identity::read(), program)
    }

    /// One with these variables, of this user. `program` is the file of this program.
    pub fn new(
        all: impl IntoIterator<Item = (OsString, OsString)>,
        identity: Identity,
        program: Option<PathBuf>,
    ) -> Self {
        let (passed, mut variables): (BTreeMap<_, _>, BTreeMap<_, _>) = all
            .into_iter()
            .partition(|(name, _)| name.as_bytes().starts_with(PASSED.as_bytes()));
        for (name, value) in passed {
            variables.insert(
                OsStr::from_bytes(&name.as_bytes()[PASSED.len()..]).to_owned(),
                value,
            );
        }
        Self {
            variables,
            identity,
            program,
        }
    }

    /// Who this process is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The file of this program, to be run again.
    pub fn program(&self) -> Result<PathBuf, Error> {
        let missing = || Error::io("find", "/proc/self/exe")(io::ErrorKind::NotFound.into());
        self.program.clone().ok_or_else(missing)
    }

    /// The same variables under names that pass into the toolbox.
    pub fn for_toolbox(&self) -> BTreeMap<OsString, OsString> {
        let name_passes = |name: &OsStr| {
            let bytes = name.as_bytes();
            !OWN.iter().any(|own| own.as_bytes() == bytes)
                && bytes
                    .iter()
                    .all(|b| b.is_ascii_alphanumeric() || *b == b'_')
        };
        let mut named = BTreeMap::new();
        for (name, value) in self.variables.iter().filter(|(name, _)| name_passes(name)) {
            let mut passed = OsString::from(PASSED);
            passed.push(name);
            named.insert(passed, value.clone());
        }
        named
    }

    /// All variables, for a command that the caller gave.
    pub fn variables(&self) -> &BTreeMap<OsString, OsString> {
        &self.variables
    }

    fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|v| !v.is_empty())
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// `HOME`, else the home folder in passwd: a test of Bazel's has no `HOME`.
    pub fn home(&self) -> PathBuf {
        let passwd = || {
            nix::unistd::User::from_uid(nix::unistd::getuid())
                .ok()
                .flatten()
                .map(|user| user.dir)
        };
        self.path("HOME")
            .or_else(passwd)
            .unwrap_or_else(|| PathBuf::from("/"))
    }

    /// Where the programs are kept: `$XDG_CACHE_HOME/windlass`.
    pub fn cache(&self) -> PathBuf {
        self.path("XDG_CACHE_HOME")
            .unwrap_or_else(|| self.home().join(".cache"))
            .join("windlass")
    }

    /// Where the user's own cluster is: `$XDG_STATE_HOME/windlass/cluster`.
    pub fn state(&self) -> PathBuf {
        let base = self
            .path("XDG_STATE_HOME")
            .unwrap_or_else(|| self.home().join(".local/state"));
        base.join("windlass/cluster")
    }

    /// The user's kubeconfig files, in the order in which kubectl looks: those of `KUBECONFIG`,
    /// else `~/.kube/config`.
    pub fn kubeconfigs(&self) -> Vec<PathBuf> {
        match self.get("KUBECONFIG") {
            Some(list) => std::env::split_paths(list)
                .filter(|p| p != Path::new(""))
                .collect(),
            None => vec![self.home().join(".kube/config")],
        }
    }

    /// Whether this process is in the toolbox already.
    pub fn in_toolbox(&self) -> bool {
        self.get("WINDLASS_TOOLBOX").is_some()
    }

    /// Programs of the cluster that are somewhere else than in the cache:
    /// `WINDLASS_CLUSTER_PROGRAMS`.
    pub fn programs(&self) -> Option<PathBuf> {
        self.path("WINDLASS_CLUSTER_PROGRAMS")
    }

    /// The folder for temporary files: `TEST_TMPDIR`, `TMPDIR` or /tmp.
    pub fn temporary(&self) -> PathBuf {
        self.path("TEST_TMPDIR")
            .or_else(|| self.path("TMPDIR"))
            .unwrap_or_else(|| "/tmp".into())
    }

    /// The folder that `bazel run` was called in: `BUILD_WORKING_DIRECTORY`.
    pub fn working_directory(&self) -> Option<PathBuf> {
        self.path("BUILD_WORKING_DIRECTORY")
    }

    /// The folder of the records of running clusters: `WINDLASS_CLUSTER_RECORDS`, else
    /// /run/windlass.
    pub fn records(&self) -> PathBuf {
        self.path("WINDLASS_CLUSTER_RECORDS")
            .unwrap_or_else(|| "/run/windlass".into())
    }

    /// Where a program of the user's is: the first of this name in `PATH`.
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        let path = self.get("PATH")?;
        std::env::split_paths(path)
            .map(|folder| folder.join(program))
            .find(|file| file.is_file())
    }

    /// What finding the runfiles takes.
    pub fn runfiles(&self) -> windlass_runfiles::Environment {
        windlass_runfiles::Environment {
            runfiles_dir: self.path("RUNFILES_DIR"),
            test_srcdir: self.path("TEST_SRCDIR"),
            path: self.get("PATH").map(OsStr::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        let all = pairs.iter().map(|(k, v)| ((*k).into(), (*v).into()));
        Environment::new(all, Identity::Root, None)
    }

    #[test]
    fn variables_survive_the_way_into_the_toolbox() {
        let outside = environment(&[
            ("KUBECONFIG", "/k"),
            ("PATH", "/host/bin"),
            ("BASH_FUNC_x%%", "() { :; }"),
        ]);
        let mut inside = outside.for_toolbox();
        assert_eq!(inside.len(), 1, "only KUBECONFIG passes: {inside:?}");
        inside.insert("PATH".into(), "/usr/bin".into());
        let inside = Environment::new(inside, Identity::Root, None);
        assert_eq!(inside.kubeconfigs(), [PathBuf::from("/k")]);
        assert_eq!(inside.get("PATH"), Some(OsStr::new("/usr/bin")));
    }

    #[test]
    fn folders_follow_xdg_and_fall_back_to_home() {
        let plain = environment(&[("HOME", "/home/alice")]);
        assert_eq!(
            plain.state(),
            PathBuf::from("/home/alice/.local/state/windlass/cluster")
        );
        assert_eq!(plain.cache(), PathBuf::from("/home/alice/.cache/windlass"));
        let xdg = environment(&[
            ("HOME", "/h"),
            ("XDG_STATE_HOME", "/s"),
            ("XDG_CACHE_HOME", "/c"),
        ]);
        assert_eq!(xdg.state(), PathBuf::from("/s/windlass/cluster"));
        assert_eq!(xdg.cache(), PathBuf::from("/c/windlass"));
    }

    #[test]
    fn kubeconfig_is_a_list() {
        let list = environment(&[("KUBECONFIG", "/a::/b")]);
        assert_eq!(
            list.kubeconfigs(),
            [PathBuf::from("/a"), PathBuf::from("/b")]
        );
        let none = environment(&[("HOME", "/h"), ("KUBECONFIG", "")]);
        assert_eq!(none.kubeconfigs(), [PathBuf::from("/h/.kube/config")]);
    }
}
