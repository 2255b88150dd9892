//! `with`: a command beside a cluster of its own, for tests.
//!
//! The cluster is in a network namespace of its own, so its ports are the usual ones however many
//! run at once, and in a PID namespace whose first process is this program (`within`): when that
//! ends, or this, everything ends.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};
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

/// What `unshare` is told: everything in the namespaces ends with their first process.
const NAMESPACES: [&str; 6] = [
    "--net",
    "--pid",
    "--mount",
    "--fork",
    "--kill-child",
    "--mount-proc",
];

/// The options of `with`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Keep the cluster's folder here [default: a new one that is removed].
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Seconds to wait until it is ready.
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
    arguments.beside(target, called, |state, programs| {
        state.keep_settings(&Settings::new(
            &target.request,
            programs,
            HostPorts::default(),
        ))?;
        Ok(vec!["within".into(), "--node".into(), target.node.clone()])
    })
}

impl Arguments {
    /// Runs the command in namespaces of its own. `begin` makes the cluster's folder ready for the
    /// programs in a folder, and gives the verb that starts a cluster in there and then the command,
    /// with its own options.
    pub(super) fn beside(
        &self,
        target: &Target,
        called: &Called,
        begin: impl FnOnce(&State, PathBuf) -> Result<Vec<PathBuf>, Error>,
    ) -> Result<ExitCode, Error> {
        super::need_root(target, called)?;
        toolbox::enter(target, &called.arguments, &called.environment)?;
        let programs = programs::find(target, &called.environment)?;
        record::sweep(&called.environment.records());
        let (path, temporary) = match &self.state {
            Some(path) => (path.clone(), false),
            None => (temporary_folder(called)?, true),
        };
        // The lock is for the command: it may call `up`.
        let (state, _) = State::create(&path, &called.environment, super::waiting)?;
        let verb = begin(&state, programs)?;
        let ended = self.isolated(verb, &state, called);
        // The supervisor dies with its namespace: what it left is swept from here.
        node::await_end(&state, STOP);
        record::sweep(state.records());
        if temporary {
            programs::remove(state.path())?;
        }
        ended
    }

    fn isolated(
        &self,
        verb: Vec<PathBuf>,
        state: &State,
        called: &Called,
    ) -> Result<ExitCode, Error> {
        let program = called.environment.program()?;
        let signals = supervisor::block_signals();
        let mut command = vec![program.clone()];
        command.extend(verb);
        command.extend(["--state".into(), state.path().into()]);
        let timeout = self.timeout.to_string();
        command.extend(["--timeout".into(), timeout.into(), "--".into()]);
        command.extend(self.command.iter().map(PathBuf::from));
        let mut child = supervisor::isolate(&program, &[], &NAMESPACES, &command)?;
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
}

fn temporary_folder(called: &Called) -> Result<PathBuf, Error> {
    let folder = called.environment.temporary();
    nix::unistd::mkdtemp(&folder.join("windlass-XXXXXX"))
        .map_err(|errno| Error::io("make a folder in", &folder)(errno.into()))
}

/// The first process of the namespaces of `with`: starts the cluster, then the command.
pub fn within(arguments: &Within, called: &Called) -> Result<ExitCode, Error> {
    let from = Instant::now();
    let state = State::open(&arguments.state, &called.environment)?;
    let settings = state.settings().ok_or_else(|| Error::ProgramsMissing {
        path: state.path().join("settings.json"),
    })?;
    loopback_up()?;
    let program = called.environment.program()?;
    let supervisor = node::start(&state, &settings, &arguments.node, &program)?;
    let timeout = Duration::from_secs(arguments.timeout);
    node::await_ready(&state, &settings, timeout, Some(supervisor))?;
    say(&format!(
        "cluster is ready after {:.1} s",
        from.elapsed().as_secs_f64()
    ));
    let begun = Instant::now();
    let status = run_command(&arguments.command, &state, &settings.programs, called)?;
    say(&format!(
        "command ended after {:.1} s: {status}",
        begun.elapsed().as_secs_f64()
    ));
    Ok(super::exit_code(status))
}

/// Gives a new network namespace its loopback.
pub(super) fn loopback_up() -> Result<(), Error> {
    let loopback = Command::new("ip")
        .args(["link", "set", "lo", "up"])
        .status();
    loopback.map(drop).map_err(Error::io("run", "ip"))
}

/// Runs the caller's command, which finds the cluster in its environment.
pub(super) fn run_command(
    command: &[OsString],
    state: &State,
    programs: &Path,
    called: &Called,
) -> Result<ExitStatus, Error> {
    let [program, rest @ ..] = command else {
        return Ok(ExitStatus::default());
    };
    Command::new(program)
        .args(rest)
        .env_clear()
        .envs(called.environment.variables())
        .env("KUBECONFIG", state.kubeconfig())
        .env("WINDLASS_CLUSTER_STATE", state.path())
        .env("WINDLASS_KUBECTL", programs.join("bin/kubectl"))
        .status()
        .map_err(Error::io("run", program))
}
