//! The dev loop: whenever a source is saved, its target is built and applied, while the logs of what
//! changed are shown and the ports of Services lead to their pods.
//!
//! | module | what |
//! |---|---|
//! | [`request`], [`cli`], [`environment`] | what is asked, parsed once |
//! | [`bazel`], [`built`] | what a target is made of, and what it was built to |
//! | [`sources`], [`saves`] | what a change means, pure; and what was saved |
//! | [`rounds`], [`apply`] | save, build, apply |
//! | [`beside`] | logs and ports |
//!
//! **Architecture invariants:** what is applied is what Bazel has built, by the library of
//! `tools/deploy` and in this process: nothing here writes to a cluster by itself. At most one round
//! is under way, and nothing is built while something is applied: its files would change below
//! it. However many saves there are meanwhile, they become one round.

pub mod apply;
pub mod bazel;
pub mod beside;
pub mod built;
pub mod cli;
pub mod environment;
pub mod error;
pub mod request;
pub mod rounds;
pub mod saves;
pub mod sources;

use std::ffi::OsString;

use clap::Parser as _;
use windlass_deploy::progress::Progress;
use windlass_runfiles::Launcher;

use crate::bazel::Bazel;
use crate::beside::Running;
use crate::cli::Cli;
use crate::environment::Environment;
use crate::error::Error;
use crate::request::Request;
use crate::rounds::Rounds;

/// Goes on until it is asked to end. The first of the arguments is the launcher. What is given back
/// is for stdout: help, where that is asked for.
///
/// # Errors
/// It does not begin; see [`Error`].
pub async fn run(arguments: Vec<OsString>, environment: &Environment) -> Result<String, Error> {
    let progress = Progress::new(environment.output, Box::new(std::io::stdout()));
    // It is large: all that a deploy does is in it, three times.
    Box::pin(run_with(arguments, environment, &progress)).await
}

async fn run_with(
    arguments: Vec<OsString>,
    environment: &Environment,
    progress: &Progress,
) -> Result<String, Error> {
    let argv0 = arguments.first().map(OsString::as_os_str);
    let launcher = Launcher::find(argv0, &environment.runfiles).map_err(Error::Files)?;
    let request = Request::read(&launcher.request())?;
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            let text = error.to_string();
            let text = text.trim_start_matches("error: ").trim_end().to_owned();
            return Err(Error::Usage { text });
        }
        Err(help) => return Ok(help.to_string()),
    };
    let workspace = environment.workspace.clone();
    let workspace = workspace.ok_or_else(|| Error::NoWorkspace {
        label: request.label.clone(),
    })?;
    let running = Running::default();
    let (wanted, beside) = beside::begin(&cli, &running);
    let rounds = Rounds {
        bazel: Bazel::find(workspace, &cli.bazel_flags, environment)?,
        target: &request.apply,
        timeout: cli.timeout,
        interrupt: &environment.interrupt,
        environment: &environment.deploy,
        progress,
        wanted,
    };
    let beside = beside.run(&running, &environment.deploy);
    let (ended, ()) = tokio::join!(rounds.run(), beside);
    ended.map(|()| String::new())
}

#[cfg(test)]
mod tests;
