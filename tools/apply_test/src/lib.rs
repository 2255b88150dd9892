//! A test of what a target's `apply` does, for users of windlass: `k8s_apply_test`.
//!
//! The first process is replaced by the cluster tool, which starts an API server in network and PID
//! namespaces of their own and then this program again, with `--inside`. That one serves the
//! registry that images are named by, applies what has to be there, applies the target twice, and
//! compares ([`check`]) what it was told to expect with what the API server ([`audit`]) and the
//! registry saw. Everything ends with the namespaces.

pub mod audit;
pub mod check;
pub mod cli;
pub mod environment;
pub mod error;
pub mod launch;
pub mod request;
mod session;

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use windlass_report::say;
use windlass_runfiles::Launcher;

use crate::cli::Cli;
use crate::environment::Environment;
use crate::error::{Error, Steps};
use crate::request::{Golden, Request, Verb};
use crate::session::Session;

/// How long one run of a target may take: nothing is waited for, so it is a matter of seconds.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// Does what the request beside the launcher `argv0` says. A run of a target may take as long as
/// `patience` says.
pub async fn run(
    argv0: Option<&OsStr>,
    cli: &Cli,
    environment: &Environment,
    patience: Duration,
) -> Result<(), Error> {
    let launcher = Launcher::find(argv0, &environment.runfiles).map_err(Error::Files)?;
    let request = Request::read(&launcher.request())?;
    if !cli.inside {
        return Err(go_inside(&request, &launcher));
    }
    let missing = || Error::NoServer {
        label: request.label.clone(),
    };
    let server = environment.server.as_ref().ok_or_else(missing)?;
    let session = Session::open(&request, &launcher, server, patience).await?;
    match request.verb {
        Verb::Test => test(&request, &launcher, &session).await,
        Verb::Update => update(&request, environment, &session).await,
    }
}

/// Becomes the program that starts an API server and this program again. Returns if it cannot.
fn go_inside(request: &Request, launcher: &Launcher) -> Error {
    let source = Command::new(launcher.file(&request.api_server))
        .args(["--context", &request.context, "--"])
        .arg(launcher.path())
        .arg("--inside")
        .env("RUNFILES_DIR", launcher.runfiles())
        .exec();
    Error::Start {
        label: "the API server".to_owned(),
        source,
    }
}

async fn test(request: &Request, launcher: &Launcher, session: &Session<'_>) -> Result<(), Error> {
    let from = Instant::now();
    let expected = &request.expected;
    // Before anything is run: a golden that cannot be read fails at once.
    let golden = expected.golden.as_ref();
    let steps = match golden.map(|golden| lines(golden, launcher)).transpose()? {
        None => expected.steps.clone(),
        steps => steps,
    };
    session.set_up().await?;
    let first = session.apply("first run").await?;
    let second = session.apply("second run").await?;
    let complaints = check::check(
        expected,
        steps.as_deref(),
        &request.namespace,
        &first.did,
        &second.did,
    );
    if complaints.is_empty() {
        say(&format!(
            "all is as expected, after {:.1} s",
            from.elapsed().as_secs_f64()
        ));
        return Ok(());
    }
    let trace = [("first run", first), ("second run", second)].into_iter();
    Err(Error::Unexpected {
        target: request.target.label.clone(),
        label: request.label.clone(),
        complaints,
        trace: trace.flat_map(|(name, run)| run.trace(name)).collect(),
        golden: golden.map_or(Steps::Inline, |_| Steps::Golden),
    })
}

fn lines(golden: &Golden, launcher: &Launcher) -> Result<Vec<String>, Error> {
    let path = launcher.file(&golden.runfile);
    let text = std::fs::read_to_string(&path).map_err(Error::file("read", path))?;
    Ok(text.lines().map(str::to_owned).collect())
}

async fn update(
    request: &Request,
    environment: &Environment,
    session: &Session<'_>,
) -> Result<(), Error> {
    session.set_up().await?;
    let steps = session.apply("run").await?.did.steps(&request.namespace);
    let path = request
        .expected
        .golden
        .as_ref()
        .map(|golden| &*golden.path)
        .unwrap_or_default();
    let Some(workspace) = &environment.workspace else {
        let source = io::Error::other("got no BUILD_WORKSPACE_DIRECTORY, want `bazel run`");
        return Err(Error::file("write", path)(source));
    };
    let file = workspace.join(path);
    std::fs::write(&file, check::text_of(&steps)).map_err(Error::file("write", file))?;
    say(&format!("wrote {path}: {} steps", steps.len()));
    Ok(())
}

#[cfg(test)]
mod tests;
