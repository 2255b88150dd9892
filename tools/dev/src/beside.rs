//! What goes on beside the rounds: the logs of what changed last, and the ports of Services. Each is
//! the verb of that name, by the library that run targets are made of.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch::{self, Receiver, Sender};
use windlass_deploy::cli::Options;
use windlass_deploy::environment::{Output, ProcessEnvironment};
use windlass_deploy::progress::Progress;
use windlass_deploy::request::{DeployRequest, Verb};
use windlass_deploy::run_request;
use windlass_report::{render, say};

use crate::built::{Built, Service};
use crate::cli::Cli;

/// The kinds that make pods.
const WORKLOADS: [&str; 8] = [
    "CronJob",
    "DaemonSet",
    "Deployment",
    "Job",
    "Pod",
    "ReplicaSet",
    "ReplicationController",
    "StatefulSet",
];

/// One run that goes on until another one is wanted.
#[derive(Clone, Debug)]
struct Run {
    request: DeployRequest,
    runfiles: PathBuf,
    options: Options,
}

/// What is wanted beside, by those who want it.
pub struct Wanted<'a> {
    cli: &'a Cli,
    logs: Wish<'a, Vec<Described>>,
    forwards: Wish<'a, Vec<Service>>,
}

/// An object whose pods are read: its group, its kind and its target.
type Described = (String, String, String);

/// A wish for a run, and what it is about: the same is not begun anew while it goes on.
struct Wish<'a, T> {
    about: T,
    is_running: &'a Cell<bool>,
    wanted: Sender<Option<Run>>,
}

/// What goes on. It ends with [`Wanted`].
#[derive(Debug)]
pub struct Beside {
    logs: Receiver<Option<Run>>,
    forwards: Receiver<Option<Run>>,
}

/// Whether the runs beside go on.
#[derive(Debug, Default)]
pub struct Running {
    logs: Cell<bool>,
    forwards: Cell<bool>,
}

/// Nothing is wanted yet.
pub fn begin<'a>(cli: &'a Cli, running: &'a Running) -> (Wanted<'a>, Beside) {
    let (logs, see_logs) = watch::channel(None);
    let (forwards, see_forwards) = watch::channel(None);
    let wanted = Wanted {
        cli,
        logs: Wish {
            about: Vec::new(),
            is_running: &running.logs,
            wanted: logs,
        },
        forwards: Wish {
            about: Vec::new(),
            is_running: &running.forwards,
            wanted: forwards,
        },
    };
    let beside = Beside {
        logs: see_logs,
        forwards: see_forwards,
    };
    (wanted, beside)
}

impl<T: PartialEq> Wish<'_, T> {
    fn want(&mut self, about: T, run: Run) {
        if self.about != about || !self.is_running.get() {
            self.about = about;
            self.is_running.set(true);
            self.wanted.send_replace(Some(run));
        }
    }
}

impl Wanted<'_> {
    /// The logs of the groups that have changed, from so long ago.
    pub fn logs(&mut self, built: &Built, changed: &BTreeSet<String>, since: Duration) {
        let request = of_groups(&built.request, changed);
        let about = pods_of(&request);
        if about.is_empty() {
            // What is followed may still have something to say.
            return;
        }
        let options = Options {
            follow: true,
            since: Some(since),
            ..Options::default()
        };
        let runfiles = built.runfiles.clone();
        let run = Run {
            request,
            runfiles,
            options,
        };
        self.logs.want(about, run);
    }

    /// The Services of the stack, or those that the user names.
    pub fn forwards(&mut self, built: &Built) {
        let mut services = built.services();
        if !self.cli.service.is_empty() {
            services.retain(|service| self.cli.service.contains(&service.name));
        }
        let service = if self.cli.service.is_empty() {
            // The service that was named comes last in a request, and first to its own port.
            let names = services.iter().rev().map(|one| one.name.clone());
            names.collect()
        } else {
            // One that is not there is told of.
            self.cli.service.clone()
        };
        if service.is_empty() {
            return;
        }
        let options = Options {
            service,
            port: self.cli.port.clone(),
            ..Options::default()
        };
        let mut request = built.request.clone();
        request.verb = Verb::PortForward;
        let runfiles = built.runfiles.clone();
        let run = Run {
            request,
            runfiles,
            options,
        };
        self.forwards.want(services, run);
    }
}

impl Beside {
    /// Does what is wanted, until nobody wants anything any more.
    pub async fn run(self, running: &Running, environment: &ProcessEnvironment) {
        tokio::join!(
            // What the lines of logs do not say is said by who forwards ports.
            follow(self.logs, &running.logs, Output::Memory, environment),
            follow(self.forwards, &running.forwards, Output::Lines, environment),
        );
    }
}

async fn follow(
    mut wanted: Receiver<Option<Run>>,
    is_running: &Cell<bool>,
    output: Output,
    environment: &ProcessEnvironment,
) {
    loop {
        let run = wanted.borrow_and_update().clone();
        if let Some(run) = run {
            let mut other = wanted.clone();
            let progress = Progress::new(output, Box::new(std::io::stdout()));
            let another = async {
                // An error says that nobody wants anything any more.
                let _ = other.changed().await;
            };
            let Run {
                request,
                runfiles,
                options,
            } = &run;
            let ended = run_request(request, runfiles, options, environment, &progress, another);
            if let Err(failure) = ended.await {
                say(render(&failure).trim_end());
            }
            is_running.set(wanted.has_changed().unwrap_or(false));
        }
        if wanted.changed().await.is_err() {
            return;
        }
    }
}

/// The part of a request that is about some groups, to read the logs of their pods.
fn of_groups(request: &DeployRequest, groups: &BTreeSet<String>) -> DeployRequest {
    let mut request = request.clone();
    request.verb = Verb::Logs;
    request.groups.retain(|group| groups.contains(&group.id));
    let both = |one: &str, other: &str| groups.contains(one) && groups.contains(other);
    request.edges.retain(|edge| both(&edge.group, &edge.needs));
    request.images.clear();
    request.proofs.clear();
    request
}

/// The groups that nothing of a request depends on: what its target is about.
pub fn tops(request: &DeployRequest) -> BTreeSet<String> {
    let ids = request.groups.iter().map(|group| group.id.clone());
    let mut tops: BTreeSet<String> = ids.collect();
    for edge in &request.edges {
        tops.remove(&edge.needs);
    }
    tops
}

fn pods_of(request: &DeployRequest) -> Vec<Described> {
    let groups = request.groups.iter();
    let objects = groups.flat_map(|group| group.objects.iter().map(move |one| (group, one)));
    let workloads = objects.filter(|(_, object)| WORKLOADS.contains(&object.kind.as_str()));
    let described = |(group, object): (
        &windlass_deploy::request::GroupRequest,
        &windlass_deploy::request::ObjectRequest,
    )| (group.id.clone(), object.kind.clone(), object.label.clone());
    workloads.map(described).collect()
}
