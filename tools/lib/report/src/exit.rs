//! The exit codes of all tools. `docs/cli/exit-codes.md` is made from this file.

use std::process::ExitCode;

/// Makes the enum, and [`Exit::ALL`] from what is written on its variants.
macro_rules! exits {
    ($($(#[doc = $meaning:literal])+ $name:ident = $code:literal,)+) => {
        /// Why a tool ended. The numbers are stable: scripts depend on them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Exit {
            $($(#[doc = $meaning])+ $name = $code,)+
        }

        impl Exit {
            /// All codes, each with its meaning in one sentence.
            pub const ALL: &[(Self, &str)] = &[$((Self::$name, concat!($($meaning),+)),)+];

            /// Why a tool ended, by its exit code; `None` if none of ours has it.
            pub fn from_code(code: i32) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)+
                    _ => None,
                }
            }
        }
    };
}

exits! {
    /// All was done, or there was nothing to do.
    Success = 0,
    /// Something that no other code names: the disk is full, a defect of the tool.
    Failure = 1,
    /// The command line does not parse, or has a flag that the verb has no use for.
    Usage = 2,
    /// An input does not hold: a source, a manifest, a request, a value of `$USER`.
    Input = 3,
    /// Refused before any write: cluster not reachable, wrong cluster, namespace missing, a file of
    /// credentials that cannot be used.
    Preflight = 4,
    /// Written, but not ready: a rollout failed or did not finish in time, or what is to be deleted
    /// is still there. Of `status`: something is missing or not ready.
    Rollout = 5,
    /// The API server refused a write, or a field belongs to another manager.
    Write = 6,
    /// The registry, or the containerd of the node that images go to, could not be reached, or
    /// refused an image.
    Registry = 7,
    /// Something would change, when that was asked: `diff --exit-code`, `rendered --exit-code`. Of a
    /// test of manifests: a golden differs.
    Differs = 8,
    /// Ctrl-C or SIGTERM. What was done is said; a rerun goes on from there.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
