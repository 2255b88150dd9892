//! The exit codes of all tools. `docs/cli/exit-codes.md` lists them for users.

use std::process::ExitCode;

/// Why a tool ended. The numbers are stable: scripts depend on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All was done, or there was nothing to do.
    Success = 0,
    /// Something failed that no other code names: the disk is full, a defect of the tool.
    Failure = 1,
    /// The command line does not parse (clap's own code).
    Usage = 2,
    /// An input does not hold: a source, a manifest, a request, a value of `$USER`.
    Input = 3,
    /// Refused before any write: cluster not reachable, wrong cluster, namespace missing.
    Preflight = 4,
    /// Written, but not ready: a rollout failed or did not finish in time.
    Rollout = 5,
    /// The API server refused a write, or a field belongs to another manager.
    Write = 6,
    /// The registry could not be reached or refused an image.
    Registry = 7,
    /// Something would change, when that was asked: `diff --exit-code`.
    Differs = 8,
    /// Ended by Ctrl-C or SIGTERM.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
