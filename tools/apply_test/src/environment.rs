//! What this tool takes from the process's environment: read here, and nowhere else.

use std::ffi::OsString;
use std::path::PathBuf;

/// The environment of the process.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// What finding the runfiles takes.
    pub runfiles: windlass_runfiles::Environment,
    /// `KUBECONFIG` and `WINDLASS_CLUSTER_STATE`: the API server's, for a process beside it.
    pub server: Option<Server>,
    /// `BUILD_WORKSPACE_DIRECTORY`: the checkout that `bazel run` was typed in.
    pub workspace: Option<PathBuf>,
}

/// The API server that this process is beside.
#[derive(Clone, Debug)]
pub struct Server {
    /// `KUBECONFIG`.
    pub kubeconfig: OsString,
    /// `WINDLASS_CLUSTER_STATE`: the folder of its files.
    pub folder: PathBuf,
}

impl Environment {
    /// Reads the environment of this process.
    pub fn read() -> Self {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let server = variable("KUBECONFIG").zip(variable("WINDLASS_CLUSTER_STATE"));
        Self {
            runfiles: windlass_runfiles::Environment::read(),
            server: server.map(|(kubeconfig, folder)| Server {
                kubeconfig,
                folder: folder.into(),
            }),
            workspace: variable("BUILD_WORKSPACE_DIRECTORY").map(PathBuf::from),
        }
    }
}

impl Server {
    /// The audit log, as the cluster tool keeps it.
    pub fn audit_log(&self) -> PathBuf {
        self.folder.join("var/log/cluster/audit.log")
    }

    /// A folder for what runs say.
    pub fn logs(&self) -> PathBuf {
        self.folder.join("var")
    }
}
