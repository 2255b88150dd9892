//! The command line, and what a launcher's request adds to it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use windlass_runfiles::Launcher;

use crate::environment::Environment;
use crate::error::Error;
use crate::request::{Request, Target};
use crate::verbs;

/// What people type, and what comes of it: the end of `--help`, and a block of the page in docs/cli.
pub const EXAMPLES: &str = "\
Examples:
  bazel run //cluster:up
      start it, or mend it; prints where its kubeconfig is
  bazel run //cluster:up -- --merge-kubeconfig
      put its context into your own kubeconfig
  bazel run //cluster:up -- --provider=embedded
      take none that is there, nor Docker";

/// A real Kubernetes of one node on this machine, reachable on 127.0.0.1 only.
#[derive(Debug, Parser)]
#[command(name = "cluster")]
pub struct Cli {
    /// What a target of //cluster says; a launcher has it beside itself.
    #[arg(long, global = true, hide = true, value_name = "FILE")]
    request: Option<PathBuf>,
    /// The folder that the request's files are in.
    #[arg(long, global = true, hide = true, value_name = "DIR")]
    runfiles: Option<PathBuf>,
    #[command(subcommand)]
    verb: Verb,
}

/// The folder of the cluster, for verbs that take no other option.
#[derive(Debug, Args)]
pub struct StateArgument {
    /// The cluster's folder [default: `$XDG_STATE_HOME/windlass/cluster`].
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Start the cluster, or mend what is left of it, and wait until pods can run.
    #[command(after_help = EXAMPLES)]
    Up(verbs::up::Arguments),
    /// Stop the cluster; what it stored stays.
    Down(StateArgument),
    /// Stop the cluster and remove what it stored, its keys too.
    Reset(StateArgument),
    /// Say what runs, where it is reachable and where its files are.
    Status(StateArgument),
    /// Run kubectl as the cluster's administrator.
    #[command(disable_help_flag = true)]
    Kubectl(verbs::kubectl::Arguments),
    /// Build the cluster's programs and images, where they are missing, and do nothing else.
    Build,
    /// Run a command beside a cluster of its own that ends with it.
    #[command(hide = true)]
    With(verbs::with::Arguments),
    /// Run a command beside an API server of its own, with no node, that ends with it.
    WithApiServer(verbs::with_api_server::Arguments),
    /// Write what k3d would be told, and tell it nothing.
    #[command(hide = true)]
    Plan(verbs::plan::Arguments),
    /// Keep a cluster running (`up` starts this).
    #[command(hide = true)]
    Supervise {
        /// The cluster's folder.
        state: PathBuf,
    },
    /// Run a command in the namespaces of `with`.
    #[command(hide = true)]
    Within(verbs::with::Within),
    /// Run a command in the namespaces of `with-api-server`.
    #[command(hide = true)]
    WithinApiServer(verbs::with_api_server::Within),
    /// Become a command that dies with its parent.
    #[command(hide = true)]
    Isolate {
        /// A cgroup to enter first.
        #[arg(long)]
        cgroup: Vec<PathBuf>,
        /// The command.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<PathBuf>,
    },
}

/// Runs the command line. As a launcher (a request lies beside `argv[0]`), the verb is the request's
/// and all arguments belong to it.
pub fn run(arguments: Vec<OsString>, environment: &Environment) -> Result<ExitCode, Error> {
    let launcher = Launcher::find(
        arguments.first().map(OsString::as_os_str),
        &environment.runfiles(),
    );
    let launcher = launcher.map(|found| {
        let request = found.request();
        request.is_file().then_some((found, request))
    });
    let (line, target) = match &launcher {
        Ok(Some((found, path))) => {
            let target = Target::read(path, found.runfiles())?;
            let line = launched(&target.request, found, &arguments);
            (line, Some(target))
        }
        _ => (arguments.clone(), None),
    };
    let cli = match Cli::try_parse_from(line) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return Ok(ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)));
        }
    };
    dispatch(
        cli,
        target,
        &Called {
            arguments,
            environment: environment.clone(),
        },
    )
}

/// How this process was called: to be called again in the toolbox.
#[derive(Debug, Clone)]
pub struct Called {
    /// All arguments, the program's name first.
    pub arguments: Vec<OsString>,
    /// The caller's variables.
    pub environment: Environment,
}

/// The command line of a launcher: its verb, the command of its request, the caller's arguments.
fn launched(request: &Request, launcher: &Launcher, arguments: &[OsString]) -> Vec<OsString> {
    let mut line = vec!["cluster".into(), request.verb.clone().into()];
    if !request.command.is_empty() {
        line.extend(["--".into(), launcher.file(&request.command).into()]);
    }
    line.extend(arguments.iter().skip(1).cloned());
    line
}

fn dispatch(cli: Cli, launched: Option<Target>, called: &Called) -> Result<ExitCode, Error> {
    let (request, runfiles) = (cli.request, cli.runfiles);
    let target = || match (launched, request) {
        (Some(target), _) => Ok(target),
        (None, Some(path)) => {
            let folder = runfiles.or(called.environment.runfiles().runfiles_dir);
            Target::read(&path, &folder.unwrap_or_else(|| ".".into()))
        }
        (None, None) => Err(Error::Request {
            path: "--request".into(),
            source: "got none, want the file that a target of //cluster has beside it".into(),
        }),
    };
    match cli.verb {
        Verb::Up(arguments) => verbs::up::run(&arguments, &target()?, called),
        Verb::Down(arguments) => verbs::down::run(&arguments, &target()?, called),
        Verb::Reset(arguments) => verbs::reset::run(&arguments, &target()?, called),
        Verb::Status(arguments) => verbs::status::run(&arguments, &target()?, called),
        Verb::Kubectl(arguments) => verbs::kubectl::run(&arguments, &target()?, called),
        Verb::Build => verbs::build::run(&target()?, called),
        Verb::With(arguments) => verbs::with::run(&arguments, &target()?, called),
        Verb::WithApiServer(arguments) => {
            verbs::with_api_server::run(&arguments, &target()?, called)
        }
        Verb::Within(arguments) => verbs::with::within(&arguments, called),
        Verb::WithinApiServer(arguments) => verbs::with_api_server::within(&arguments, called),
        Verb::Plan(arguments) => verbs::plan::run(&arguments, &target()?),
        Verb::Supervise { state } => verbs::supervise(&state, called),
        Verb::Isolate { cgroup, command } => {
            crate::supervisor::become_isolated(&cgroup, &command).map(|()| ExitCode::SUCCESS)
        }
    }
}
