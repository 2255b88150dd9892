//! `with`: a command beside a cluster of its own, for tests.
//!
//! The cluster is in a network namespace of its own, so its ports are the usual ones however many
//! run at once, and in a PID namespace whose first process is this program (`within`): when that
//! ends, or this, everything ends.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use windlass_report::say;

use crate::cli::Called;
use crate::error::Error;
use crate::node;
use crate::programs;
use crate::record;
use crate::request::Target;
use crate::settings::{HostPorts, Settings};
use crate::state::State;
use crate::supervisor;
use crate::toolbox;

/// How long the kernel may take to end everything in a namespace.
const STOP: Duration = Duration::from_secs(10);

/// The options of `with`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Keep the cluster's folder here [default: a new one that is removed].
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Seconds to wait until pods can run.
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    timeout: u64,
    /// The command and its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    command: Vec<OsString>,
}

/// The options of `within`.
#[derive(Debug, clap::Args)]
pub struct Within {
    /// The cluster's folder.
    #[arg(long)]
    state: PathBuf,
    /// The node's scripts.
    #[arg(long)]
    node: PathBuf,
    /// Seconds to wait until pods can run.
    #[arg(long)]
    timeout: u64,
    /// The command and its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    command: Vec<OsString>,
}

/// Runs the command and gives its exit code.
pub fn run(arguments: &Arguments, target: &Target, called: &Called) -> Result<ExitCode, Error> {
    super::need_root(target, called)?;
    toolbox::enter(target, &called.arguments, &called.environment)?;
    let programs = programs::find(target, &called.environment)?;
    record::sweep(&called.environment.records());
    let (path, temporary) = match &arguments.state {
        Some(path) => (path.clone(), false),
        None => (temporary_folder(called)?, true),
    };
    // The lock is for the command: it may call `up`.
    let (state, _) = State::create(&path, &called.environment, super::waiting)?;
    state.keep_settings(&Settings::new(
        &target.request,
        programs,
        HostPorts::default(),
    ))?;
    let ended = isolated(arguments, target, &state, called);
    // The supervisor dies with its namespace: what it left is swept from here.
    node::await_end(&state, STOP);
    record::sweep(state.records());
    if temporary {
        programs::remove(state.path())?;
    }
    ended
}

fn temporary_folder(called: &Called) -> Result<PathBuf, Error> {
    let folder = called.environment.temporary();
    nix::unistd::mkdtemp(&folder.join("windlass-XXXXXX"))
        .map_err(|errno| Error::io("make a folder in", &folder)(errno.into()))
}

fn isolated(
    arguments: &Arguments,
    target: &Target,
    state: &State,
    called: &Called,
) -> Result<ExitCode, Error> {
    let program = called.environment.program()?;
    let signals = supervisor::block_signals();
    let mut command: Vec<PathBuf> = vec![program.clone(), "within".into()];
    command.extend(["--state".into(), state.path().into()]);
    command.extend(["--node".into(), target.node.clone()]);
    command.extend([
        "--timeout".into(),
        arguments.timeout.to_string().into(),
        "--".into(),
    ]);
    command.extend(arguments.command.iter().map(PathBuf::from));
    let flags = [
        "--net",
        "--pid",
        "--mount",
        "--fork",
        "--kill-child",
        "--mount-proc",
    ];
    let mut child = supervisor::isolate(&program, &[], &flags, &command)?;
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Ok(super::exit_code(status));
        }
        if !matches!(signals.wait(), Ok(Signal::SIGCHLD)) {
            let _ = child.kill();
            let _ = child.wait();
            return Err(Error::Interrupted);
        }
    }
}

/// The first process of the namespaces of `with`: starts the cluster, then the command.
pub fn within(arguments: &Within, called: &Called) -> Result<ExitCode, Error> {
    let from = Instant::now();
    let state = State::open(&arguments.state, &called.environment)?;
    let settings = state.settings().ok_or_else(|| Error::ProgramsMissing {
        path: state.path().join("settings.json"),
    })?;
    let loopback = Command::new("ip")
        .args(["link", "set", "lo", "up"])
        .status();
    loopback.map_err(Error::io("run", "ip"))?;
    let program = called.environment.program()?;
    let supervisor = node::start(&state, &settings, &arguments.node, &program)?;
    let timeout = Duration::from_secs(arguments.timeout);
    node::await_ready(&state, &settings, timeout, Some(supervisor))?;
    say(&format!(
        "cluster is ready after {:.1} s",
        from.elapsed().as_secs_f64()
    ));
    let [program, rest @ ..] = arguments.command.as_slice() else {
        return Ok(ExitCode::SUCCESS);
    };
    let begun = Instant::now();
    let status = Command::new(program)
        .args(rest)
        .env_clear()
        .envs(called.environment.variables())
        .env("KUBECONFIG", state.kubeconfig())
        .env("WINDLASS_CLUSTER_STATE", state.path())
        .env("WINDLASS_KUBECTL", settings.programs.join("bin/kubectl"))
        .status()
        .map_err(Error::io("run", program))?;
    say(&format!(
        "command ended after {:.1} s: {status}",
        begun.elapsed().as_secs_f64()
    ));
    Ok(super::exit_code(status))
}
