//! The supervisor: the process that a cluster lives and dies with.
//!
//! It makes the node's cgroups, starts the node's first process in namespaces of its own, shows
//! the node's ports on 127.0.0.1, and waits. On SIGTERM it has the node stop in order. When it is
//! killed, the kernel kills `unshare` (its parent-death signal), which kills the node's first
//! process, and with that everything in the node's PID namespace.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;
use windlass_report::say;

use crate::cgroup::{self, Cgroup};
use crate::environment::Environment;
use crate::error::Error;
use crate::port;
use crate::publish;
use crate::record::{self, Record};
use crate::settings::{NODE_ADDRESS, Settings};
use crate::state::State;

/// How long the node may take to stop in order.
const STOP: Duration = Duration::from_secs(20);

/// Runs the cluster of this folder until it ends or SIGTERM comes. The caller has made the folder
/// ready ([`crate::node::start`]).
pub fn run(state: &State, environment: &Environment) -> Result<(), Error> {
    // A group of its own: the Ctrl-C of the terminal that it came from is not for it.
    let _ = nix::unistd::setsid();
    let settings = state.settings().ok_or_else(|| Error::ProgramsMissing {
        path: state.path().join("settings.json"),
    })?;
    let signals = block_signals();
    let listeners = port::open(&settings.published, &settings.registry)?;
    let cgroups = cgroup::plan_here(&format!("windlass-{}", record::id(state.path())))?;
    let record = Record {
        state: state.path().to_path_buf(),
        pid: nix::unistd::getpid().as_raw(),
        cgroups: cgroups.iter().map(|cgroup| cgroup.path.clone()).collect(),
    };
    let program = environment.program()?;
    let held = record::hold(state, &record)?;
    let ended = run_node(state, &settings, &program, &cgroups, listeners, &signals);
    let paths: Vec<_> = cgroups.into_iter().map(|cgroup| cgroup.path).collect();
    cgroup::remove(&paths);
    // With a cgroup left, the record stays: it says to the next caller what is to be removed.
    if paths.iter().all(|path| !path.exists()) {
        held.remove();
    }
    ended
}

fn run_node(
    state: &State,
    settings: &Settings,
    program: &Path,
    cgroups: &[Cgroup],
    listeners: Vec<(std::net::TcpListener, u16)>,
    signals: &SigSet,
) -> Result<(), Error> {
    cgroup::make(cgroups)?;
    let mut node = isolate(
        program,
        cgroups,
        &[
            "--mount",
            "--net",
            "--pid",
            "--uts",
            "--ipc",
            "--cgroup",
            "--fork",
            "--kill-child",
        ],
        &[
            "/bin/bash".into(),
            state.node().join("start"),
            state.path().to_path_buf(),
            settings.programs.clone(),
            NODE_ADDRESS.into(),
        ],
    )?;
    let Some(first) = first_process(&mut node) else {
        let _ = node.wait();
        return Err(Error::Program {
            what: "make the node's namespaces".to_owned(),
            tail: Vec::new(),
        });
    };
    // Only the node's own processes may be in its cgroups: `unshare` itself is not one of them.
    for cgroup in cgroups {
        cgroup::enter(&cgroup.own, node.id())?;
    }
    let namespace = PathBuf::from(format!("/proc/{first}/ns/net"));
    if let Err(error) = publish::serve(listeners, &namespace) {
        let _ = node.kill();
        let _ = node.wait();
        return Err(error);
    }
    wait(&mut node, first, signals);
    Ok(())
}

/// Waits for the node's end; SIGTERM asks for it, and after [`STOP`] takes it.
fn wait(node: &mut Child, first: Pid, signals: &SigSet) {
    loop {
        if let Ok(Some(_)) = node.try_wait() {
            return;
        }
        if let Ok(Signal::SIGTERM | Signal::SIGINT) = signals.wait() {
            say("stopping");
            let _ = kill(first, Signal::SIGTERM);
            thread::spawn(move || {
                thread::sleep(STOP);
                let _ = kill(first, Signal::SIGKILL);
            });
        }
    }
}

/// Blocks the signals that this process waits for, for all its threads to come.
pub fn block_signals() -> SigSet {
    let mut signals = SigSet::empty();
    for signal in [
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGHUP,
        Signal::SIGCHLD,
    ] {
        signals.add(signal);
    }
    let _ = signals.thread_block();
    signals
}

/// Starts `unshare` with these flags and a command, so that it dies with this process. It and
/// everything after it begins in the cgroups. `program` is this program's own file.
pub fn isolate(
    program: &Path,
    cgroups: &[Cgroup],
    flags: &[&str],
    command: &[PathBuf],
) -> Result<Child, Error> {
    let mut isolated = Command::new(program);
    isolated.arg("isolate");
    for cgroup in cgroups {
        isolated.arg("--cgroup").arg(&cgroup.path);
    }
    isolated
        .arg("--")
        .arg("unshare")
        .args(flags)
        .arg("--")
        .args(command);
    isolated.spawn().map_err(Error::io("run", program))
}

/// The other end of [`isolate`]: ties this process to the end of its parent, enters the cgroups and
/// becomes the command.
pub fn become_isolated(cgroups: &[PathBuf], command: &[PathBuf]) -> Result<(), Error> {
    let parent = nix::unistd::getppid();
    let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
    // A parent that died before the line above is seen here: somebody else has adopted us.
    if nix::unistd::getppid() != parent {
        return Err(Error::Interrupted);
    }
    let _ = SigSet::all().thread_unblock();
    for cgroup in cgroups {
        cgroup::enter(cgroup, std::process::id())?;
    }
    let [program, arguments @ ..] = command else {
        return Ok(());
    };
    let failed = Command::new(program).args(arguments).exec();
    Err(Error::io("run", program)(failed))
}

/// The child of `unshare`: the first process of the new namespaces. None where `unshare` ended.
fn first_process(unshare: &mut Child) -> Option<Pid> {
    let children = format!("/proc/{0}/task/{0}/children", unshare.id());
    while let Ok(None) = unshare.try_wait() {
        let text = std::fs::read_to_string(Path::new(&children)).unwrap_or_default();
        if let Some(pid) = text
            .split_whitespace()
            .next()
            .and_then(|pid| pid.parse().ok())
        {
            return Some(Pid::from_raw(pid));
        }
        thread::sleep(Duration::from_millis(10));
    }
    None
}
