//! Starting and stopping a cluster, as `up`, `down` and `with` do it.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use windlass_report::say;

use crate::error::Error;
use crate::kubeconfig;
use crate::port;
use crate::programs;
use crate::record;
use crate::settings::{self, NODE_ADDRESS, Settings};
use crate::state::{self, State};

/// How long a supervisor may take to end once it is asked to.
const STOP: Duration = Duration::from_secs(30);

/// Makes the folder ready and starts the supervisor, a process of `program`. `node` is the folder
/// of the node's scripts.
pub fn start(
    state: &State,
    settings: &Settings,
    node: &Path,
    program: &Path,
) -> Result<Child, Error> {
    drop(port::open(&settings.published, &settings.registry)?);
    let built = settings::built(&settings.programs)?;
    let images = settings::image_index(&settings.images, &built)?;
    // A cluster with settings but no record is half of one: what it has of the next lines is made anew.
    let copy = state.node();
    programs::remove(&copy)?;
    programs::copy(node, &copy)?;
    for folder in [state.var(), state.path().join("root")] {
        std::fs::create_dir_all(&folder).map_err(Error::io("make", &folder))?;
    }
    write_registry_hosts(state, settings)?;
    write_images(state, &images)?;
    make_keys(state)?;
    write_kubeconfig(state, settings)?;
    state.keep_settings(settings)?;

    let log = state.log();
    let file = File::create(&log).map_err(Error::io("open", &log))?;
    let errors = file.try_clone().map_err(Error::io("open", &log))?;
    Command::new(program)
        .args(["supervise".as_ref(), state.path().as_os_str()])
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(errors)
        .spawn()
        .map_err(Error::io("run", program))
}

fn write_registry_hosts(state: &State, settings: &Settings) -> Result<(), Error> {
    let hosts = state.path().join("certs.d");
    programs::remove(&hosts)?;
    let folder = hosts.join(&settings.registry);
    std::fs::create_dir_all(&folder).map_err(Error::io("make", &folder))?;
    let file = folder.join("hosts.toml");
    std::fs::write(&file, settings.registry_hosts()).map_err(Error::io("write", &file))
}

fn write_images(state: &State, index: &serde_json::Value) -> Result<(), Error> {
    let folder = state.path().join("images");
    std::fs::create_dir_all(&folder).map_err(Error::io("make", &folder))?;
    let file = folder.join("index.json");
    std::fs::write(&file, index.to_string()).map_err(Error::io("write", &file))
}

fn make_keys(state: &State) -> Result<(), Error> {
    let script = state.node().join("certs");
    let output = Command::new(&script)
        .arg(state.keys())
        .arg(NODE_ADDRESS)
        .output()
        .map_err(Error::io("run", &script))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::Program {
        what: "make the keys of the cluster".to_owned(),
        tail: said.lines().map(str::to_owned).collect(),
    })
}

fn write_kubeconfig(state: &State, settings: &Settings) -> Result<(), Error> {
    let path = state.keys().join("admin.kubeconfig");
    let broken = |reason: &str| Error::Kubeconfig {
        path: path.clone(),
        reason: reason.to_owned(),
    };
    let admin = kubeconfig::read(&path)?.ok_or_else(|| broken("it is empty"))?;
    let own = kubeconfig::own(&admin, &settings.context, settings.api_port())
        .ok_or_else(|| broken("got no cluster and user, want one of each"))?;
    kubeconfig::write(&state.kubeconfig(), &own)
}

/// A `kubectl` of the cluster's administrator.
pub fn kubectl(state: &State, settings: &Settings) -> Command {
    let mut kubectl = Command::new(settings.programs.join("bin/kubectl"));
    kubectl
        .arg("--kubeconfig")
        .arg(state.kubeconfig())
        .args(["--context", &settings.context]);
    kubectl
}

fn succeeds(mut command: Command) -> bool {
    let command = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Whether the API server answers and the node takes pods.
pub fn is_ready(state: &State, settings: &Settings) -> bool {
    let mut command = kubectl(state, settings);
    command.args([
        "wait",
        "--for=condition=Ready",
        "node/node",
        "--timeout=1s",
        "--request-timeout=3s",
    ]);
    succeeds(command)
}

/// Whether pods find each other by name.
pub fn names_resolve(state: &State, settings: &Settings) -> bool {
    let mut command = kubectl(state, settings);
    let service = "/api/v1/namespaces/kube-system/services/kube-dns:ready/proxy/ready";
    command.args(["get", "--raw", service, "--request-timeout=3s"]);
    succeeds(command)
}

/// Says on the node where this machine finds its containerd: the deploy tool looks there.
fn announce_containerd(state: &State, settings: &Settings) -> bool {
    let socket = state.var().join("containerd/containerd.sock");
    let annotation = format!("windlass.dev/containerd=unix://{}", socket.display());
    let mut command = kubectl(state, settings);
    command.args(["annotate", "node", "node", "--overwrite"]);
    command.args([&annotation, "--request-timeout=10s"]);
    succeeds(command)
}

fn apply_dns(state: &State, settings: &Settings) -> bool {
    let mut command = kubectl(state, settings);
    command.args([
        "apply",
        "--server-side",
        "--force-conflicts",
        "--request-timeout=10s",
        "-f",
    ]);
    command.arg(state.node().join("coredns.yaml"));
    succeeds(command)
}

/// Waits until pods run and find each other by name; each step is said with its time. `supervisor`
/// is the process that [`start`] gave, where this caller started one.
pub fn await_ready(
    state: &State,
    settings: &Settings,
    timeout: Duration,
    supervisor: Option<Child>,
) -> Result<(), Error> {
    let from = Instant::now();
    let mut wait = Wait {
        state,
        supervisor,
        from,
        until: from + timeout,
    };
    let started = || {
        state::last_lines(&state.log(), 100)
            .iter()
            .any(|line| line == "started")
    };
    let said = |what: &str| say(&format!("{what:<24}{:5.1} s", from.elapsed().as_secs_f64()));
    wait.until("the API server", started)?;
    said("parts are started");
    wait.until("the node", || is_ready(state, settings))?;
    wait.until("the node", || announce_containerd(state, settings))?;
    said("node is ready");
    wait.until("CoreDNS", || apply_dns(state, settings))?;
    wait.until("CoreDNS", || names_resolve(state, settings))?;
    said("names resolve");
    Ok(())
}

struct Wait<'a> {
    state: &'a State,
    supervisor: Option<Child>,
    from: Instant,
    until: Instant,
}

impl Wait<'_> {
    fn until(&mut self, waiting_for: &str, done: impl Fn() -> bool) -> Result<(), Error> {
        while !done() {
            if self.has_ended() {
                return Err(Error::Ended {
                    tail: self.state.last_words(),
                    log: self.state.log(),
                });
            }
            if Instant::now() > self.until {
                return Err(Error::NotReady {
                    seconds: self.from.elapsed().as_secs(),
                    waiting_for: waiting_for.to_owned(),
                    tail: self.state.last_words(),
                });
            }
            sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// One that was started just now may not have its record yet.
    fn has_ended(&mut self) -> bool {
        let alive = self
            .supervisor
            .as_mut()
            .is_some_and(|child| matches!(child.try_wait(), Ok(None)));
        !alive && record::running(self.state).is_none()
    }
}

/// Ends the cluster, if it runs, and removes what a killed supervisor left. Data stays.
pub fn stop(state: &State) -> Stopped {
    let Some(found) = record::running(state) else {
        record::sweep(state.records());
        return Stopped::WasDown;
    };
    let pid = Pid::from_raw(found.pid);
    // The number is right in the PID namespace of the supervisor only.
    let ours = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let ours = ours
        .split(|byte| *byte == 0)
        .any(|word| word == b"supervise");
    if ours {
        let _ = kill(pid, Signal::SIGTERM);
        if !await_end(state, STOP) {
            let _ = kill(pid, Signal::SIGKILL);
            await_end(state, STOP);
        }
    }
    record::sweep(state.records());
    if record::running(state).is_some() {
        Stopped::Failed
    } else {
        Stopped::Stopped
    }
}

/// What [`stop`] found and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Nothing ran.
    WasDown,
    /// It ran and ended.
    Stopped,
    /// It still runs: it belongs to another PID namespace.
    Failed,
}

/// The error of a cluster that still runs after [`stop`].
pub fn not_stopped(context: &str) -> Error {
    Error::Program {
        what: format!("stop {context}: its supervisor is not in this PID namespace"),
        tail: Vec::new(),
    }
}

/// Waits until the supervisor is gone; false where it still runs after `timeout`.
pub fn await_end(state: &State, timeout: Duration) -> bool {
    let until = Instant::now() + timeout;
    while record::running(state).is_some() {
        if Instant::now() > until {
            return false;
        }
        sleep(Duration::from_millis(50));
    }
    true
}
