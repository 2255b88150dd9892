//! What can run the cluster on this machine, and which of it does.

use std::fmt;
use std::path::PathBuf;

use crate::environment::{Environment, Identity};
use crate::k3d::Tools;
use crate::kubeconfig::Context;
use crate::request::{Place, Request};

/// Where people find out how to install k3d.
const INSTALL_K3D: &str = "https://k3d.io/stable/#installation";

/// Who runs the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Provider {
    /// Whoever is behind a kubeconfig context of that name.
    Context,
    /// k3d, in Docker.
    #[value(name = "k3d")]
    K3d,
    /// This program, on Linux as root.
    Embedded,
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Context => "context",
            Self::K3d => "k3d",
            Self::Embedded => "embedded",
        })
    }
}

/// Why a provider cannot run the cluster here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Unfit {
    /// No context of the cluster's name, or only our own.
    #[error("none of that name in {}", list(files))]
    NoContext {
        /// Where it was looked for.
        files: Vec<PathBuf>,
    },
    /// No docker.
    #[error("docker is not on PATH")]
    NoDocker,
    /// There may be one, but not in here.
    #[error("the toolbox does not see docker")]
    InToolbox,
    /// A docker without its daemon, or without the right to talk to it.
    #[error("docker does not answer: {said}")]
    DockerSilent {
        /// What it said instead.
        said: String,
    },
    /// A docker without k3d.
    #[error("docker answers, but k3d is not on PATH (to install it: {INSTALL_K3D})")]
    NoK3d,
    /// Another system.
    #[error("it needs Linux, this is {system}")]
    NoLinux {
        /// What it is.
        system: String,
    },
    /// Namespaces, mounts and cgroups take root.
    #[error("it needs root, this is {who}")]
    NoRoot {
        /// Who we are.
        who: String,
    },
    /// Its programs are built and run in a Debian root, which takes apt to make.
    #[error("it needs apt-get for its toolbox, which is not on PATH")]
    NoApt,
    /// The registry of the constants is at an address that this provider cannot give it.
    #[error("it cannot have a registry at {registry}, where images are pushed")]
    Registry {
        /// `host:port` that images are named by.
        registry: String,
        /// What it can be.
        want: String,
    },
}

fn list(files: &[PathBuf]) -> String {
    let files: Vec<_> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    files.join(", ")
}

/// Whether the embedded cluster can run here.
pub fn embedded(request: &Request, environment: &Environment) -> Result<(), Unfit> {
    if request.place() != Place::Loopback {
        return Err(Unfit::Registry {
            registry: request.registry.clone(),
            want: loopback(request),
        });
    }
    let can_be_root = !matches!(environment.identity(), Identity::Foreign(_));
    if can_be_root && !environment.in_toolbox() && environment.find("apt-get").is_none() {
        return Err(Unfit::NoApt);
    }
    root(environment)
}

/// Whether this process may make namespaces, mounts and cgroups.
pub fn root(environment: &Environment) -> Result<(), Unfit> {
    let who = match environment.identity() {
        Identity::Root => return Ok(()),
        Identity::Foreign(system) => {
            let system = system.clone();
            return Err(Unfit::NoLinux { system });
        }
        Identity::RootOfNamespace => "root of a user namespace".to_owned(),
        Identity::User(user) => format!("user {user}"),
    };
    Err(Unfit::NoRoot { who })
}

/// Docker and k3d, where they can run the cluster here.
pub fn k3d(request: &Request, environment: &Environment) -> Result<Tools, Unfit> {
    placed(request)?;
    Tools::find(environment)
}

/// Whether a cluster of k3d can have its registry where the request says.
pub fn placed(request: &Request) -> Result<(), Unfit> {
    if request.place() != Place::Elsewhere {
        return Ok(());
    }
    let node = request.network.node_address();
    let port = node_port(request);
    let node = node.map_or_else(String::new, |node| format!(" or {node}:{port}"));
    Err(Unfit::Registry {
        registry: request.registry.clone(),
        want: format!("{}{node}", loopback(request)),
    })
}

fn loopback(request: &Request) -> String {
    format!("localhost:{}", node_port(request))
}

/// The port of the registry, if a service can have it on a node.
fn node_port(request: &Request) -> u16 {
    let port = request.registry_port();
    port.filter(|port| (30000..=32767).contains(port))
        .unwrap_or(31000)
}

/// Who runs the cluster, with what that takes.
#[derive(Debug)]
pub enum Chosen {
    /// A context of the user's.
    Context(Context),
    /// k3d.
    K3d(Tools),
    /// This program.
    Embedded,
}

/// Takes the first that is fit, and says in one line which, and why not the others. Nobody looks
/// for those behind it.
pub fn choose(
    context: &str,
    order: &[Provider],
    mut look: impl FnMut(Provider) -> Result<Chosen, Unfit>,
) -> Result<(Chosen, String), Vec<(Provider, Unfit)>> {
    let mut unfit = Vec::new();
    for (place, provider) in order.iter().enumerate() {
        match look(*provider) {
            Ok(chosen) => {
                let before = unfit.iter().map(|(other, why)| format!("; {other}: {why}"));
                let behind = order[place + 1..].iter();
                let behind = behind.map(|other| format!("; {other}: not needed"));
                let others: String = before.chain(behind).collect();
                return Ok((chosen, format!("{context} by {provider}{others}")));
            }
            Err(why) => unfit.push((*provider, why)),
        }
    }
    Err(unfit)
}

/// One thing to do that makes one of them fit.
pub fn remedy(context: &str, unfit: &[(Provider, Unfit)]) -> String {
    let has = |test: fn(&Unfit) -> bool| unfit.iter().any(|(_, why)| test(why));
    let registry = unfit.iter().find_map(|(_, why)| match why {
        Unfit::Registry { want, .. } => Some(want),
        _ => None,
    });
    if has(|why| matches!(why, Unfit::NoK3d)) {
        format!("install k3d: {INSTALL_K3D}")
    } else if has(|why| matches!(why, Unfit::DockerSilent { .. })) {
        "to see what is wrong: docker version".to_owned()
    } else if has(|why| matches!(why, Unfit::NoRoot { .. })) {
        "run it as root".to_owned()
    } else if has(|why| matches!(why, Unfit::NoDocker)) {
        format!("install Docker and k3d: {INSTALL_K3D}")
    } else if has(|why| matches!(why, Unfit::InToolbox)) {
        "run it with a bazelisk of your own, outside the toolbox".to_owned()
    } else if let Some(want) = registry {
        format!("set REGISTRY of cluster_constants.bzl to {want}")
    } else if has(|why| matches!(why, Unfit::NoContext { .. })) {
        format!("kubectl config rename-context <YOURS> {context}")
    } else {
        "run it on a Debian machine".to_owned()
    }
}
