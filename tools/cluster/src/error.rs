//! Everything that can go wrong, as a user reads it.

use std::io;
use std::path::{Path, PathBuf};

use windlass_report::{Exit, Explain};

use crate::provider::{self, Provider, Unfit};

/// The run targets of //cluster, whose requests lie beside them.
const TARGETS: [&str; 6] = ["build", "down", "kubectl", "reset", "status", "up"];

/// How a cluster is made anew, and what that costs.
const RESET: &str = "this deletes all data of the cluster: bazel run //cluster:reset";

/// Why a verb of the cluster failed.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
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
    /// Nobody can run the cluster on this machine, or not who was asked to.
    #[error("{} run cluster `{context}` on this machine", who(unfit))]
    Provider {
        /// The cluster.
        context: String,
        /// Who was looked at, and why not.
        unfit: Vec<(Provider, Unfit)>,
    },
    /// The cluster in the folder is of another provider than the one that was asked for.
    #[error(
        "cluster `{context}` in `{}` is made by {made}: got --provider={wanted}",
        path.display()
    )]
    OtherProvider {
        /// The cluster.
        context: String,
        /// Its folder.
        path: PathBuf,
        /// Who made it.
        made: Provider,
        /// Who was asked for.
        wanted: Provider,
    },
    /// A folder that somebody uses for something else.
    #[error("`{}` is not the folder of a cluster: `{name}` is in it", path.display())]
    NotACluster {
        /// The folder.
        path: PathBuf,
        /// What is in it.
        name: String,
    },
    /// docker or k3d failed.
    #[error("cannot {what}")]
    Command {
        /// What it was to do, after "cannot".
        what: String,
        /// The command.
        line: String,
        /// What it said.
        tail: Vec<String>,
    },
    /// docker could not make a network with these addresses.
    #[error("cannot {what} with subnet {subnet}")]
    Subnet {
        /// What it was to do, after "cannot".
        what: String,
        /// The addresses.
        subnet: String,
        /// The command.
        line: String,
        /// What it said.
        tail: Vec<String>,
    },
    /// A network of the name is there, with other addresses.
    #[error("Docker network `{network}` has other addresses: got {got}, want {want}")]
    OtherSubnet {
        /// The network.
        network: String,
        /// Its subnet.
        got: String,
        /// The one that the constants say.
        want: String,
    },
    /// The node is not where its images are named after.
    #[error("the node is at another address of Docker network `{network}`: got {got}, want {want}")]
    NodeAddress {
        /// The network.
        network: String,
        /// Its address.
        got: String,
        /// The one of the registry.
        want: String,
    },
    /// k3d has a cluster of this name that was not made from this folder.
    #[error("k3d has a cluster `{context}` already, which is not ours")]
    StrangeCluster {
        /// Its name.
        context: String,
    },
    /// What the cluster of k3d was made with cannot be changed.
    #[error("k3d cluster `{context}` was made with other settings")]
    OtherSettings {
        /// Its name.
        context: String,
        /// What differs, one a line.
        differences: Vec<String>,
    },
    /// A k3d node would have to pull images that nobody has.
    #[error("cannot build the images that the node is to have from the start")]
    Preload {
        /// The images.
        images: Vec<String>,
        /// Why not.
        why: String,
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
    /// The user's kubeconfig has entries of the name that are not ours.
    #[error("kubeconfig `{}` has a cluster, user or context `{context}` that is not ours", file.display())]
    NameTaken {
        /// The name.
        context: String,
        /// The kubeconfig.
        file: PathBuf,
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
    /// The API server of `with-api-server`.
    #[error("cannot start an API server")]
    ApiServer(#[source] windlass_api_server::Error),
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
                let mut lines = quoted(tail);
                lines.push(format!("log: {}", log.display()));
                lines
            }
            Self::NotReady { tail, .. } | Self::Program { tail, .. } => quoted(tail),
            Self::ApiServer(error) => quoted(error.tail()),
            Self::Command { line, tail, .. } | Self::Subnet { line, tail, .. } => {
                let mut lines = quoted(tail);
                lines.push(format!("command: {line}"));
                lines
            }
            Self::Provider { unfit, .. } => {
                let lines = unfit
                    .iter()
                    .map(|(provider, why)| format!("{provider}: {why}"));
                quoted(&lines.collect::<Vec<_>>())
            }
            Self::OtherSettings { differences, .. } => quoted(differences),
            Self::Preload { images, why } => {
                let mut lines = vec![why.clone()];
                lines.extend(images.iter().cloned());
                quoted(&lines)
            }
            _ => Vec::new(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Provider { context, unfit } => Some(provider::remedy(context, unfit)),
            Self::OtherProvider { wanted, .. } => Some(format!(
                "{RESET} && bazel run //cluster:up -- --provider={wanted}"
            )),
            Self::NotACluster { .. } => Some("name an empty folder: --state <DIR>".to_owned()),
            Self::Subnet { .. } => Some(
                "set REGISTRY of cluster_constants.bzl to localhost:31000, which needs no network"
                    .to_owned(),
            ),
            Self::OtherSubnet { .. } => Some(
                "set the name in K3D_NETWORK of cluster_constants.bzl to one that is free"
                    .to_owned(),
            ),
            Self::NodeAddress { network, want, .. } => Some(format!(
                "to see what has {want}: docker network inspect {network}"
            )),
            Self::OtherSettings { .. } => Some(format!("{RESET} && bazel run //cluster:up")),
            Self::NameTaken { .. } => Some("run it without --merge-kubeconfig".to_owned()),
            Self::StrangeCluster { context } => Some(format!(
                "to use it: k3d kubeconfig merge {context} --kubeconfig-merge-default && \
                 kubectl config rename-context k3d-{context} {context}"
            )),
            Self::Preload { .. } => {
                Some("name public images: THIRD_PARTY in cluster_constants.bzl".to_owned())
            }
            Self::PortInUse {
                flag: Some(flag), ..
            } => Some(format!(
                "to take another port: bazel run //cluster:up -- {flag} <PORT>"
            )),
            Self::PortInUse { flag: None, .. } => Some("stop that program".to_owned()),
            Self::ProgramsMissing { .. } => Some("bazel run //cluster:build".to_owned()),
            Self::Ended { .. } | Self::Down { .. } => Some("bazel run //cluster:up".to_owned()),
            Self::NotReady { .. } => {
                Some("bazel run //cluster:down && bazel run //cluster:up".to_owned())
            }
            Self::ContextSilent { context, .. } => Some(format!(
                "to forget it: kubectl config delete-context {context}"
            )),
            Self::Request { path, .. } => {
                let target = path.file_stem().and_then(|name| name.to_str());
                let target = target.filter(|name| TARGETS.contains(name)).unwrap_or("up");
                Some(format!("bazel run //cluster:{target}"))
            }
            _ => None,
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Provider { .. }
            | Self::OtherProvider { .. }
            | Self::NotACluster { .. }
            | Self::OtherSubnet { .. }
            | Self::StrangeCluster { .. }
            | Self::OtherSettings { .. }
            | Self::PortInUse { .. }
            | Self::ProgramsMissing { .. }
            | Self::ContextSilent { .. }
            | Self::NameTaken { .. }
            | Self::Down { .. } => Exit::Preflight,
            Self::Request { .. } | Self::UnknownImage { .. } | Self::Kubeconfig { .. } => {
                Exit::Input
            }
            Self::Ended { .. }
            | Self::NotReady { .. }
            | Self::NodeAddress { .. }
            | Self::ApiServer(_) => Exit::Rollout,
            Self::Interrupted => Exit::Interrupted,
            Self::Build { .. }
            | Self::Program { .. }
            | Self::Command { .. }
            | Self::Subnet { .. }
            | Self::Preload { .. }
            | Self::Io { .. } => Exit::Failure,
        }
    }
}

fn who(unfit: &[(Provider, Unfit)]) -> String {
    match unfit {
        [(provider, _)] => format!("provider {provider} cannot"),
        _ => "nothing can".to_owned(),
    }
}

/// What somebody else said, as evidence.
fn quoted(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| format!("  | {line}")).collect()
}
