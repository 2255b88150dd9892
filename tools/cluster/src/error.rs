//! Everything that can go wrong, as a user reads it.

use std::io;
use std::path::{Path, PathBuf};

use windlass_report::{Exit, Explain};

/// Why a verb of the cluster failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file beside the launcher, or the one that `--request` names.
    #[error("cannot read request `{}`", path.display())]
    Request {
        /// The request.
        path: PathBuf,
        /// Not there, not JSON, or not of this version.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The launcher's files are not found.
    #[error("cannot find the files of this cluster")]
    Runfiles(#[from] windlass_runfiles::Error),
    /// An image of `third_party` that is not built here.
    #[error(
        "cannot preload third-party image `{key}`: got a name that is not built here, want one of {known}"
    )]
    UnknownImage {
        /// What the request names.
        key: String,
        /// The names of what is built.
        known: String,
    },
    /// Namespaces, mounts and cgroups take root.
    #[error("the embedded cluster needs root on Linux: got {got}")]
    NotRoot {
        /// Who we are.
        got: String,
        /// The context that would do as well.
        context: String,
    },
    /// Another program listens there.
    #[error("cannot publish the cluster on 127.0.0.1:{port}")]
    PortInUse {
        /// The port of this machine.
        port: u16,
        /// The flag that chooses another, if there is one.
        flag: Option<&'static str>,
        /// What is known of who has it.
        #[source]
        holder: Holder,
    },
    /// A step of the build of the programs failed.
    #[error("cannot build the programs of the cluster")]
    Build {
        /// All output of the build.
        log: PathBuf,
        /// Its last lines.
        tail: Vec<String>,
    },
    /// A test has nothing to build with.
    #[error("the programs of the cluster are not built: `{}` is missing", path.display())]
    ProgramsMissing {
        /// Where they would be.
        path: PathBuf,
    },
    /// The supervisor ended before the cluster was up.
    #[error("the cluster ended while it was starting")]
    Ended {
        /// The last lines of its log.
        tail: Vec<String>,
        /// The log.
        log: PathBuf,
    },
    /// The deadline passed.
    #[error("the cluster is not ready after {seconds} s: {waiting_for}")]
    NotReady {
        /// How long it was waited for.
        seconds: u64,
        /// What is missing.
        waiting_for: String,
        /// The last lines of the logs.
        tail: Vec<String>,
    },
    /// A context of the cluster's name is in the user's kubeconfig, and no API server answers.
    #[error("context `{context}` of `{}` does not answer", file.display())]
    ContextSilent {
        /// The context.
        context: String,
        /// The kubeconfig it is in.
        file: PathBuf,
        /// What was tried.
        #[source]
        source: Silence,
    },
    /// A verb that needs a running cluster.
    #[error("cluster `{context}` is down")]
    Down {
        /// The context.
        context: String,
    },
    /// A kubeconfig that cannot be understood.
    #[error("cannot use kubeconfig `{}`: {reason}", path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A program that this one runs.
    #[error("cannot {what}")]
    Program {
        /// What it was to do, after "cannot".
        what: String,
        /// What it said.
        tail: Vec<String>,
    },
    /// The operating system.
    #[error("cannot {what} `{}`", path.display())]
    Io {
        /// What was tried, after "cannot".
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What it says.
        #[source]
        source: io::Error,
    },
    /// Ended by Ctrl-C or SIGTERM.
    #[error("interrupted")]
    Interrupted,
}

/// Who has a port.
#[derive(Debug, thiserror::Error)]
#[error("the port is in use{}", .0.as_ref().map(|who| format!(" by {who}")).unwrap_or_default())]
pub struct Holder(pub Option<String>);

/// How an API server did not answer.
#[derive(Debug, thiserror::Error)]
#[error("{server}: {what}")]
pub struct Silence {
    /// The server, as the kubeconfig has it.
    pub server: String,
    /// What came instead of an answer.
    pub what: String,
}

impl Error {
    /// An error of the operating system with a file.
    pub fn io(what: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io { what, path, source }
    }
}

impl Explain for Error {
    fn evidence(&self) -> Vec<String> {
        match self {
            Self::Build { tail, log } | Self::Ended { tail, log } => {
                let mut lines: Vec<_> = tail.iter().map(|line| format!("  | {line}")).collect();
                lines.push(format!("log: {}", log.display()));
                lines
            }
            Self::NotReady { tail, .. } | Self::Program { tail, .. } => {
                tail.iter().map(|line| format!("  | {line}")).collect()
            }
            _ => Vec::new(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotRoot { context, .. } => Some(format!(
                "run it as root, or have a kubeconfig context named `{context}`"
            )),
            Self::PortInUse {
                flag: Some(flag), ..
            } => Some(format!(
                "stop that program, or choose another port: {flag} <PORT>"
            )),
            Self::PortInUse { flag: None, .. } => Some("stop that program".to_owned()),
            Self::ProgramsMissing { .. } => Some("bazel run //cluster:build".to_owned()),
            Self::Ended { .. } | Self::Down { .. } => Some("bazel run //cluster:up".to_owned()),
            Self::NotReady { .. } => {
                Some("bazel run //cluster:down && bazel run //cluster:up".to_owned())
            }
            Self::ContextSilent { context, .. } => Some(format!(
                "start that cluster, or forget it: kubectl config delete-context {context}"
            )),
            Self::Request { path, .. } => {
                let target = path
                    .file_stem()
                    .map(|name| name.to_string_lossy().into_owned());
                Some(format!(
                    "bazel run //cluster:{}",
                    target.unwrap_or_else(|| "up".to_owned())
                ))
            }
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::NotRoot { .. }
            | Self::PortInUse { .. }
            | Self::ProgramsMissing { .. }
            | Self::ContextSilent { .. }
            | Self::Down { .. } => Exit::Preflight,
            Self::Request { .. } | Self::UnknownImage { .. } | Self::Kubeconfig { .. } => {
                Exit::Input
            }
            Self::Ended { .. } | Self::NotReady { .. } => Exit::Rollout,
            Self::Interrupted => Exit::Interrupted,
            Self::Runfiles(_) | Self::Build { .. } | Self::Program { .. } | Self::Io { .. } => {
                Exit::Failure
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_says_by_whom_and_what_to_type() {
        let error = Error::PortInUse {
            port: 6443,
            flag: Some("--api-port"),
            holder: Holder(Some("k3s (process 812)".to_owned())),
        };
        assert_eq!(
            windlass_report::render(&error),
            "error: cannot publish the cluster on 127.0.0.1:6443\n\
             cause: the port is in use by k3s (process 812)\n\
             hint: stop that program, or choose another port: --api-port <PORT>\n"
        );
    }

    #[test]
    fn a_failed_build_shows_its_end_and_its_log() {
        let error = Error::Build {
            log: "/c/kubernetes-1.log".into(),
            tail: vec!["go: no such module".to_owned()],
        };
        assert_eq!(
            windlass_report::render(&error),
            "error: cannot build the programs of the cluster\n  | go: no such module\nlog: /c/kubernetes-1.log\n"
        );
    }

    #[test]
    fn no_root_names_the_other_way() {
        let error = Error::NotRoot {
            got: "user 1000".to_owned(),
            context: "windlass".to_owned(),
        };
        assert_eq!(
            windlass_report::render(&error),
            "error: the embedded cluster needs root on Linux: got user 1000\n\
             hint: run it as root, or have a kubeconfig context named `windlass`\n"
        );
    }
}
