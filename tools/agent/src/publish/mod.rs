//! `--publish`: makes releases of the commits of the main branch.
//!
//! A turn looks at one commit, the head of the branch:
//!
//! 1. Check it out, into a clone of its own ([`checkout`]).
//! 2. Build the images of all services and push them ([`images`]). What the environment that follows the
//!    branch does not run yet is attested, and pinned by a commit, which is pushed ([`pins`]).
//! 3. Build, push and attest the release of each environment at the commit that the branch has then
//!    ([`releases`]).
//!
//! Each step looks at what is there already, so a turn that ended anywhere is made good by the next one;
//! nothing is remembered but what a clone and Bazel keep. [`bazel`] is Bazel in the clone, [`status`] what
//! is said of a turn.

mod bazel;
mod checkout;
mod error;
mod images;
mod pins;
mod releases;
pub mod status;
#[cfg(test)]
mod tests;
mod turn;

pub use error::Error;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use windlass_attestation::Key;
use windlass_pins::{Toolchain, Who};
use windlass_report::{render, say};

use crate::environment::Environment;
use crate::request::AgentRequest;
use turn::{Publisher, Turn};

/// How long it waits at most before it tries again what has failed.
const LONGEST: Duration = Duration::from_hours(1);

/// Publish what the main branch says.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// One turn, instead of turns for ever.
    #[arg(long)]
    pub once: bool,
    /// How long to wait between turns.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub interval: u64,
    /// The environment that follows the main branch: it gets the pins of what each commit builds.
    #[arg(long, value_name = "NAME", default_value = "dev")]
    pub env: String,
    /// Where commits come from, and where those of pins go; without it, `origin` of the checkout.
    #[arg(long, value_name = "URL")]
    pub remote: Option<String>,
    /// Where the source is, as attestations say it: `git+https://git.example/shop`.
    #[arg(long, value_name = "URI")]
    pub source: String,
    /// Who builds, as attestations say it: `https://ci.example/publisher`.
    #[arg(long, value_name = "URI")]
    pub builder: String,
    /// The key: its fingerprint, as `ssh-add -l` prints it, or the line of its .pub file.
    #[arg(long, value_name = "KEY")]
    pub key: Key,
    /// A program that signs instead of ssh-agent: it reads what is to be signed, and prints the
    /// signature of ed25519 in base64. --key must be the line of the .pub file then.
    #[arg(long, value_name = "PROGRAM")]
    pub sign_with: Option<PathBuf>,
    /// What compiles: versions and flags; without it, Bazel is asked for rustc.
    #[arg(long, value_name = "TEXT")]
    pub toolchain: Option<Toolchain>,
    /// Who publishes, as pins say it; without it, the address that git commits with.
    #[arg(long, value_name = "TEXT")]
    pub who: Option<Who>,
    /// Tests that must pass before anything that a commit builds is published, as in `//...`.
    #[arg(long, value_name = "PATTERN")]
    pub test: Vec<String>,
    /// The folder that keeps the clone between turns.
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// The file that says how the last turn ended, as JSON.
    #[arg(long, value_name = "FILE")]
    pub status: Option<PathBuf>,
    /// Flags for Bazel's build, test, query and cquery: `-- --disk_cache=/var/cache/bazel`.
    #[arg(last = true, value_name = "BAZEL_FLAG")]
    pub bazel_flags: Vec<String>,
}

/// How the last turn of a loop ended.
struct Last {
    /// What the branch was then.
    head: String,
    /// When to look at it again; never, if all of it is done.
    again: Option<(Instant, Duration)>,
}

impl Last {
    fn of(turn: &Turn, before: Option<Self>, interval: Duration) -> Option<Self> {
        let Some(head) = turn.commit.as_ref().or(turn.head.as_ref()).cloned() else {
            return before;
        };
        let pause = before
            .filter(|before| before.head == head)
            .and_then(|before| before.again)
            .map_or(interval, |(_, pause)| (pause * 2).min(LONGEST));
        let again = !turn.errors.is_empty();
        let again = again.then(|| (Instant::now() + pause, pause));
        Some(Self { head, again })
    }

    /// Whether it is to be looked at again: what failed may have failed by itself.
    fn is_due(&self) -> bool {
        self.again.is_some_and(|(at, _)| at <= Instant::now())
    }
}

/// Publishes: once, or until it is ended. A signal ends it as it ends any program.
///
/// # Errors
/// See [`Error`]; of a loop, only what it does not start with.
pub async fn run(
    arguments: &Arguments,
    request: &AgentRequest,
    environment: &Environment,
) -> Result<(), Error> {
    let publisher = Publisher::new(arguments, request, environment)?;
    if arguments.once {
        let turn = publisher.turn().await;
        return publisher.report(turn);
    }
    let interval = Duration::from_secs(arguments.interval.max(1));
    let mut last: Option<Last> = None;
    loop {
        let is_due = |head: &str| {
            last.as_ref()
                .is_none_or(|last| last.head != head || last.is_due())
        };
        if let Some(turn) = publisher.turn_if(is_due).await {
            last = Last::of(&turn, last, interval);
            if let Err(error) = publisher.report(turn) {
                say(render(&error).trim_end());
            }
        }
        tokio::time::sleep(interval).await;
    }
}
