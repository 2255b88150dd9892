//! Why there are no results.

use std::path::{Path, PathBuf};

use windlass_report::{Exit, Explain};

/// Why a benchmark ended early. A figure of something that did not do what it is named for is no
/// result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or a program cannot be used.
    #[error("cannot {what} `{}`", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The rule that runs the benchmark did not say what it must.
    #[error("{name}: got nothing, want {want}")]
    Unset {
        /// The variable.
        name: &'static str,
        /// What it must hold.
        want: &'static str,
    },
    /// The deploy tool is not in the runfiles.
    #[error("cannot find the deploy tool")]
    Runfiles(#[from] windlass_runfiles::Error),
    /// A program ended otherwise than it must.
    #[error("{what}: got exit {code}, want {want}")]
    Ended {
        /// What was run.
        what: String,
        /// How it ended.
        code: i32,
        /// How it must end.
        want: i32,
        /// What it said.
        said: String,
    },
    /// A program did something else than what is measured.
    #[error("{what}: got no `{want}` in what it said")]
    Said {
        /// What was run.
        what: String,
        /// What it must say.
        want: String,
        /// What it said.
        said: String,
    },
    /// The writes by themselves failed.
    #[error("cannot write without the deploy tool: {0}")]
    Bare(String),
    /// The planner cannot be given its input, or refuses it.
    #[error("cannot plan: {reason}")]
    Plan {
        /// Why.
        reason: String,
    },
}

impl Error {
    /// Adds what was tried to what the operating system says.
    pub fn io(what: &'static str, path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::Io { what, path, source }
    }
}

impl Explain for Error {
    fn evidence(&self) -> Vec<String> {
        match self {
            Self::Ended { said, .. } | Self::Said { said, .. } => {
                let lines = said.lines().rev().take(20).collect::<Vec<_>>();
                lines
                    .iter()
                    .rev()
                    .map(|line| format!("  | {line}"))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    fn exit(&self) -> Exit {
        Exit::Failure
    }
}
