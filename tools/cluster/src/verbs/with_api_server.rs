//! `with-api-server`: a command beside an API server of its own, for tests that need no pods.
//!
//! Like [`super::with`], but etcd and the API server are all there is: no node, no controllers, no
//! cgroups. It is ready in a third of the time, and takes no more than a core.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use windlass_api_server::{ApiServer, Settings};
use windlass_report::say;

use crate::cli::Called;
use crate::error::Error;
use crate::request::Target;
use crate::state::State;

use super::with;

/// The options of `with-api-server`.
#[derive(Debug, clap::Args)]
#[group(skip)] // Groups are named by the struct, and `with` has one of this name.
pub struct Arguments {
    /// The context that the kubeconfig gets [default: that of the constants].
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    #[command(flatten)]
    with: with::Arguments,
}

/// The options of `within-api-server`.
#[derive(Debug, clap::Args)]
pub struct Within {
    /// The cluster's folder.
    #[arg(long)]
    state: PathBuf,
    /// The cluster's programs.
    #[arg(long)]
    programs: PathBuf,
    /// The context that the kubeconfig gets.
    #[arg(long)]
    context: String,
    /// Seconds to wait until it answers.
    #[arg(long)]
    timeout: u64,
    /// The command and its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    command: Vec<OsString>,
}

/// Runs the command and gives its exit code.
pub fn run(arguments: &Arguments, target: &Target, called: &Called) -> Result<ExitCode, Error> {
    let context = arguments.context.as_ref();
    let context = context.unwrap_or(&target.request.context);
    arguments.with.beside(target, called, |_, programs| {
        let verb = ["within-api-server".into(), "--programs".into(), programs];
        Ok([&verb[..], &["--context".into(), context.into()]].concat())
    })
}

/// The first process of the namespaces of `with-api-server`: starts the API server, then the
/// command.
pub fn within(arguments: &Within, called: &Called) -> Result<ExitCode, Error> {
    let from = Instant::now();
    let state = State::open(&arguments.state, &called.environment)?;
    with::loopback_up()?;
    let server = ApiServer::start(&Settings {
        programs: &arguments.programs,
        folder: state.path(),
        context: &arguments.context,
        timeout: Duration::from_secs(arguments.timeout),
    });
    // It ends with this process, which is the first one of its namespaces, or before.
    let _server = server.map_err(Error::ApiServer)?;
    say(&format!(
        "API server is ready after {:.1} s",
        from.elapsed().as_secs_f64()
    ));
    let status = with::run_command(&arguments.command, &state, &arguments.programs, called)?;
    Ok(super::exit_code(status))
}
