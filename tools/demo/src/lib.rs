//! Runs other run targets in turn, as a user would type them, and then follows a log until every
//! line that it was told to wait for was there.

mod log;

use serde::Deserialize;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use windlass_report::{Exit, Explain, say};
use windlass_runfiles::{Environment, Launcher};

/// How long a log is followed.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// The version of the schema that this tool reads.
const VERSION: u32 = 1;

/// The request: `<launcher>.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    #[expect(dead_code, reason = "it is read before all others")]
    version: u32,
    /// Run targets, in order.
    steps: Vec<Step>,
    /// A run target that prints a log, and its arguments.
    log: Step,
    /// What the log's lines must hold before the demo ends.
    until: Vec<String>,
    /// What to say in the end.
    next: Vec<String>,
}

/// A run target.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// As users type it: `//prod:setup.apply`.
    label: String,
    /// Its launcher, a path in the runfiles.
    launcher: String,
    arguments: Vec<String>,
}

/// Why the demo ended early.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// The launcher or its runfiles are not where they should be.
    #[error("cannot find the files of the demo")]
    Files(#[source] windlass_runfiles::Error),
    /// The request cannot be read.
    #[error("cannot read request `{}`", path.display())]
    Request {
        /// The request.
        path: PathBuf,
        /// Why.
        source: windlass_versioned::Error,
    },
    /// A run target cannot be started.
    #[error("cannot start `{label}`")]
    Start {
        /// The run target.
        label: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The log did not say in time what it should.
    #[error("the log of `{label}` does not say `{missing}` within {} s", patience.as_secs_f32())]
    LogLate {
        /// The run target that prints the log.
        label: String,
        /// The first word that is missing.
        missing: String,
        /// How long it was followed.
        patience: Duration,
    },
    /// The log ended before it said what it should.
    #[error("the log of `{label}` ended, and does not say `{missing}`")]
    LogEnded {
        /// The run target that prints the log.
        label: String,
        /// The first word that is missing.
        missing: String,
    },
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Request { .. } => Exit::Input,
            Self::LogLate { .. } | Self::LogEnded { .. } => Exit::Rollout,
            Self::Files(_) | Self::Start { .. } => Exit::Failure,
        }
    }
}

/// Runs the demo of the request beside the launcher `argv0`, and follows its log for as long as
/// `patience` says. The exit code is that of the first step that failed.
pub fn run(
    argv0: Option<&OsStr>,
    environment: &Environment,
    patience: Duration,
) -> Result<ExitCode, Error> {
    let start = Instant::now();
    let launcher = Launcher::find(argv0, environment).map_err(Error::Files)?;
    let request = read(&launcher.request())?;
    for step in &request.steps {
        say(&format!("\n$ bazel run {}", step.label));
        let status = step
            .command(&launcher)
            .status()
            .map_err(|error| step.unstarted(error))?;
        if !status.success() {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            return Ok(ExitCode::from(code.unwrap_or(Exit::Failure as u8)));
        }
    }
    say(&format!(
        "\n$ bazel run {} -- {}",
        request.log.label,
        request.log.arguments.join(" ")
    ));
    log::follow(&request.log, &launcher, &request.until, patience)?;
    say(&format!(
        "\nthe stack is up after {:.0} s",
        start.elapsed().as_secs_f32()
    ));
    for line in &request.next {
        say(line);
    }
    Ok(ExitCode::SUCCESS)
}

impl Step {
    fn command(&self, launcher: &Launcher) -> Command {
        let mut command = Command::new(launcher.file(&self.launcher));
        command
            .args(&self.arguments)
            .env("RUNFILES_DIR", launcher.runfiles());
        command
    }

    fn unstarted(&self, source: std::io::Error) -> Error {
        Error::Start {
            label: self.label.clone(),
            source,
        }
    }
}

fn read(path: &Path) -> Result<Request, Error> {
    windlass_versioned::read(path, VERSION).map_err(|source| Error::Request {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    mod errors;
}
