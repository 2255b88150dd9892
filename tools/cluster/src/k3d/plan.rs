//! What is to be done with docker and k3d: pure, from what is wanted and what is there.

use std::fmt;

use super::Settings;
use crate::settings::API_PORT;

/// The label of the node's container: which folder the cluster was made from.
const LABEL: &str = "windlass.state";

/// A program that this one runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Docker's command line.
    Docker,
    /// k3d.
    K3d,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Docker => "docker",
            Self::K3d => "k3d",
        })
    }
}

/// A command, as one would type it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The program.
    pub program: Program,
    /// Its arguments.
    pub arguments: Vec<String>,
}

impl Line {
    fn new(program: Program, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
        Self { program, arguments }
    }

    fn and(mut self, arguments: &[&str]) -> Self {
        self.arguments
            .extend(arguments.iter().map(|word| (*word).to_owned()));
        self
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.program)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@$".contains(c);
        for word in &self.arguments {
            if !word.is_empty() && word.chars().all(plain) {
                write!(f, " {word}")?;
            } else {
                write!(f, " '{}'", word.replace('\'', "'\\''"))?;
            }
        }
        Ok(())
    }
}

/// What is there, as docker and k3d tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Live {
    /// The subnets of the network of the wanted name; none where there is no such network.
    pub subnets: Option<Vec<String>>,
    /// The cluster of the wanted name.
    pub cluster: Option<Servers>,
    /// Whether the cluster has the images that it is to have.
    pub images: Images,
}

/// The nodes of a cluster that run an API server: ours has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Servers {
    /// How many there are. None is what an interrupted k3d may leave.
    pub there: u32,
    /// How many of them run.
    pub running: u32,
}

/// Whether images are to be put into the node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Images {
    /// They are there, or there is none to have.
    #[default]
    There,
    /// They are missing, or those of other programs.
    Missing,
}

/// What is wanted, with the paths on this machine that it takes.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// The node's file of registries.
    pub registries: &'a str,
    /// The archive of images.
    pub images: &'a str,
    /// What its node is labelled with.
    pub label: &'a str,
    /// How many seconds k3d may wait for the API server.
    pub timeout: u64,
}

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Make the network.
    CreateNetwork,
    /// Make the cluster, and start it.
    CreateCluster,
    /// Start the cluster that is there.
    StartCluster,
    /// Put images into the node.
    ImportImages,
    /// Stop the cluster.
    StopCluster,
    /// Remove the cluster, with its data.
    DeleteCluster,
    /// Remove the network.
    RemoveNetwork,
}

impl Step {
    /// What it does, after "cannot".
    pub fn what(self, wanted: &Settings) -> String {
        let context = &wanted.context;
        match (self, &wanted.network) {
            (Self::CreateNetwork, Some(network)) => {
                format!("make Docker network `{}`", network.name)
            }
            (Self::RemoveNetwork, Some(network)) => {
                format!("remove Docker network `{}`", network.name)
            }
            (Self::CreateNetwork | Self::RemoveNetwork, None) => "change a network".to_owned(),
            (Self::CreateCluster, _) => format!("make k3d cluster `{context}`"),
            (Self::StartCluster, _) => format!("start k3d cluster `{context}`"),
            (Self::StopCluster, _) => format!("stop k3d cluster `{context}`"),
            (Self::DeleteCluster, _) => format!("remove k3d cluster `{context}`"),
            (Self::ImportImages, _) => format!("put images into k3d cluster `{context}`"),
        }
    }
}

/// What makes the wanted cluster run.
pub fn up(wanted: &Settings, live: &Live) -> Vec<Step> {
    let mut steps = Vec::new();
    if wanted.network.is_some() && live.subnets.is_none() {
        steps.push(Step::CreateNetwork);
    }
    match live.cluster {
        None => steps.push(Step::CreateCluster),
        Some(Servers { there: 0, .. }) => {
            steps.extend([Step::DeleteCluster, Step::CreateCluster]);
        }
        Some(Servers { there, running }) if running < there => steps.push(Step::StartCluster),
        Some(_) => {}
    }
    if live.images == Images::Missing {
        steps.push(Step::ImportImages);
    }
    steps
}

/// What stops it; its data stays.
pub fn down(live: &Live) -> Vec<Step> {
    match live.cluster {
        Some(servers) if servers.running > 0 => vec![Step::StopCluster],
        _ => Vec::new(),
    }
}

/// What removes it.
pub fn reset(live: &Live) -> Vec<Step> {
    let cluster = live.cluster.map(|_| Step::DeleteCluster);
    let network = live.subnets.as_ref().map(|_| Step::RemoveNetwork);
    cluster.into_iter().chain(network).collect()
}

/// The command of a step.
pub fn line(step: Step, wanted: &Wanted<'_>) -> Line {
    let name = wanted.settings.context.as_str();
    let network = wanted.settings.network.as_ref();
    let (network, subnet) = network.map_or(("", ""), |network| (&network.name, &network.subnet));
    match step {
        Step::CreateNetwork => {
            let subnet = format!("--subnet={subnet}");
            Line::new(Program::Docker, &["network", "create", &subnet, network])
        }
        Step::RemoveNetwork => Line::new(Program::Docker, &["network", "rm", network]),
        Step::CreateCluster => create(wanted),
        Step::StartCluster => {
            let timeout = format!("{}s", wanted.timeout);
            let words = ["cluster", "start", name, "--timeout", &timeout];
            Line::new(Program::K3d, &words)
        }
        Step::StopCluster => Line::new(Program::K3d, &["cluster", "stop", name]),
        Step::DeleteCluster => Line::new(Program::K3d, &["cluster", "delete", name]),
        Step::ImportImages => {
            let words = ["image", "import", "--cluster", name, wanted.images];
            Line::new(Program::K3d, &words)
        }
    }
}

/// One container, the node: a load balancer before it would have ports and an address of its own.
fn create(wanted: &Wanted<'_>) -> Line {
    let settings = wanted.settings;
    let api = format!("127.0.0.1:{}", settings.api_port());
    let volume = format!("{}:/etc/rancher/k3s/registries.yaml", wanted.registries);
    let mut line = Line::new(Program::K3d, &["cluster", "create", &settings.context]).and(&[
        "--no-lb",
        "--api-port",
        &api,
    ]);
    if let Some(network) = &settings.network {
        line = line.and(&["--network", &network.name]);
    }
    for port in &settings.published {
        if port.node != API_PORT {
            let port = format!("127.0.0.1:{}:{}@server:0:direct", port.host, port.node);
            line = line.and(&["--port", &port]);
        }
    }
    let timeout = format!("{}s", wanted.timeout);
    let label = format!("{LABEL}={}@server:0", wanted.label);
    // Setup brings a storage class of this name, and nothing here comes in by an ingress.
    line.and(&["--volume", &volume])
        .and(&["--k3s-arg", "--disable=local-storage@server:0"])
        .and(&["--k3s-arg", "--disable=traefik@server:0"])
        // The user's kubeconfig is the user's.
        .and(&["--kubeconfig-update-default=false"])
        .and(&["--runtime-label", &label, "--timeout", &timeout])
}

/// Asks which networks there are by this name.
pub fn networks(name: &str) -> Line {
    let filter = format!("name=^{name}$");
    let words = [
        "network",
        "ls",
        "--filter",
        &filter,
        "--format",
        "{{.Name}}",
    ];
    Line::new(Program::Docker, &words)
}

/// Asks for the subnets of a network.
pub fn subnets(name: &str) -> Line {
    let format = "{{range .IPAM.Config}}{{.Subnet}} {{end}}";
    let words = ["network", "inspect", "--format", format, name];
    Line::new(Program::Docker, &words)
}

/// Asks for the clusters that there are, as JSON.
pub fn clusters() -> Line {
    Line::new(Program::K3d, &["cluster", "list", "--output", "json"])
}

/// Asks for the administrator's kubeconfig.
pub fn kubeconfig(settings: &Settings) -> Line {
    Line::new(Program::K3d, &["kubeconfig", "get", &settings.context])
}

/// Asks for the node's address.
pub fn address(settings: &Settings) -> Line {
    let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    inspect(settings, format)
}

/// Asks for the node's label: it says whose the cluster is.
pub fn label(settings: &Settings) -> Line {
    inspect(
        settings,
        &format!("{{{{index .Config.Labels \"{LABEL}\"}}}}"),
    )
}

fn inspect(settings: &Settings, format: &str) -> Line {
    let node = format!("k3d-{}-server-0", settings.context);
    Line::new(Program::Docker, &["inspect", "--format", format, &node])
}

/// Asks docker's daemon for its version: whether it answers.
pub fn version() -> Line {
    let words = ["version", "--format", "{{.Server.Version}}"];
    Line::new(Program::Docker, &words)
}
