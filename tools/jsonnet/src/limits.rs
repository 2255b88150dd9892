//! What one evaluation may take.
//!
//! The evaluator bounds how deep calls nest, and nothing else: not the memory, not the time, and
//! not the stack that its parser and its values take. So it runs in a process of its own that the
//! operating system bounds and that another one watches ([`crate::process`]).

use std::time::{Duration, Instant};

use clap::Args;

use crate::Cause;

/// More than what the evaluator takes for each byte of a library.
pub const PER_BYTE: u64 = 160;

const PROCESSORS: usize = 4;

/// Limits of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct Limits {
    /// The memory of an evaluation, in megabytes, beside 160 times the size of its files.
    #[arg(long, value_name = "MB", default_value_t = Self::default().memory_mb)]
    pub memory_mb: u64,
    /// The time of an evaluation, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = Self::default().seconds)]
    pub seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_mb: 480,
            seconds: 60,
        }
    }
}

/// As many processors as a rendering uses. Bazel counts an action as one.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, |all| all.get().min(PROCESSORS))
}

/// When an evaluation has to be done, whatever processes it takes.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    start: Instant,
    seconds: u64,
}

impl Deadline {
    /// The time that is left.
    pub fn left(self) -> Duration {
        Duration::from_secs(self.seconds).saturating_sub(self.start.elapsed())
    }

    /// What is said when none is left.
    pub fn missed(self) -> Cause {
        Cause::Time {
            seconds: self.seconds,
        }
    }
}

impl Limits {
    /// When an evaluation that begins now has to be done.
    pub fn deadline(self) -> Deadline {
        Deadline {
            start: Instant::now(),
            seconds: self.seconds,
        }
    }

    /// Of the memory, what a stack may take: in bytes. Only what is used is taken.
    pub fn stack(self) -> usize {
        usize::try_from(self.memory_mb << 20).unwrap_or(usize::MAX) / 16
    }

    /// The memory of an evaluation of `sources` bytes of files, in bytes.
    pub fn memory(self, sources: u64) -> u64 {
        (self.memory_mb << 20).saturating_add(PER_BYTE.saturating_mul(sources))
    }

    /// The memory above which an evaluator is not used again, in bytes, when the largest of what
    /// it was asked had `sources` bytes of files.
    pub fn kept(self, sources: u64) -> u64 {
        (self.memory_mb << 18).saturating_add(PER_BYTE.saturating_mul(sources))
    }
}
