//! What the agent shows to those who ask: the status as it is in this process, also where no file of it
//! can be written.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::status::Status;

/// What is shown. Clones show the same.
#[derive(Clone, Debug)]
pub struct Board(Arc<Mutex<Shown>>);

/// What there is to see.
#[derive(Clone, Debug)]
pub struct Shown {
    /// How it stands.
    pub status: Status,
    /// How many turns ended well since the process began, and how many did not.
    pub turns: Turns,
    /// When the agent will have shown something new at the latest, if it is well.
    until: Instant,
}

/// How many turns there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turns {
    /// Those that ended well.
    pub well: u64,
    /// Those that did not.
    pub failed: u64,
}

impl Board {
    /// A board with this status.
    pub fn new(status: Status) -> Self {
        Self(Arc::new(Mutex::new(Shown {
            status,
            turns: Turns::default(),
            until: Instant::now(),
        })))
    }

    /// Shows another status; there will be another one within a time, if all is well.
    pub fn show(&self, status: &Status, within: Duration) {
        let mut shown = self.locked();
        shown.status = status.clone();
        shown.until = Instant::now() + within;
    }

    /// Counts a turn that has ended.
    pub fn count(&self, count: impl FnOnce(&mut Turns)) {
        count(&mut self.locked().turns);
    }

    /// What is shown now.
    pub fn shown(&self) -> Shown {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shown {
    /// Whether the agent does what it said it would do by now. That a commit is bad or a registry down
    /// is no sign that it is not: to start it again would help nobody.
    pub fn is_alive(&self) -> bool {
        Instant::now() <= self.until
    }
}
