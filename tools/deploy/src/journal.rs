//! How far a run is: what its result document and the `state:` line of an error are made of.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use windlass_oci_registry::Pushed;

use crate::desired::Desired;
use crate::diff::ObjectDiff;
use crate::inspect::Standing;
use crate::plan::Plan;
use crate::request::Rollout;
use crate::session::Place;
use crate::wait::Status;

/// How far one write is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progressed {
    /// Not begun.
    Waiting,
    /// Sent, not answered.
    Underway,
    /// Done.
    Done,
}

/// All that is known of a run.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Where it goes.
    pub place: Option<Place>,
    /// What it wants.
    pub desired: Option<Desired>,
    /// What it will do.
    pub plan: Option<Plan>,
    /// In what order groups are rolled out; `None` if nothing is.
    pub rollout: Option<Rollout>,
    /// For each object, how far its write is.
    pub writes: Vec<Progressed>,
    /// For each object, how far its deletion is.
    pub deletions: Vec<Progressed>,
    /// For each object that is left over, how far its deletion is.
    pub prunes: Vec<Progressed>,
    /// For each image, what its push did.
    pub pushes: Vec<Option<Pushed>>,
    /// For each object, how ready it is; empty until somebody looks.
    pub statuses: Vec<Status>,
    /// For each group, after how many seconds it was ready.
    pub ready_after: Vec<Option<f64>>,
    /// What would change, where that was asked.
    pub diffs: Vec<ObjectDiff>,
    /// For each object, how it stands, where that was asked.
    pub standings: Vec<Standing>,
}

/// The state of a run, shared by what does it and what tells of it.
#[derive(Debug)]
pub struct Journal {
    started: Instant,
    state: Mutex<State>,
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            state: Mutex::default(),
        }
    }
}

impl Journal {
    /// The state, to read or to change. Held for a moment only.
    pub fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves plain data behind, which is still true.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds since the run began.
    pub fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Begins the writes of a plan.
    pub fn begin(&self, desired: &Desired, plan: &Plan) {
        let mut state = self.state();
        state.writes = vec![Progressed::Waiting; desired.objects.len()];
        state.deletions = vec![Progressed::Waiting; desired.objects.len()];
        state.prunes = vec![Progressed::Waiting; plan.prunes.len()];
        state.pushes = vec![None; desired.images.len()];
        state.desired = Some(desired.clone());
        state.plan = Some(plan.clone());
    }

    /// Notes how far a write is.
    pub fn write(&self, object: usize, progressed: Progressed) {
        self.state().writes[object] = progressed;
    }

    /// Notes how far a deletion is.
    pub fn deletion(&self, object: usize, progressed: Progressed) {
        self.state().deletions[object] = progressed;
    }

    /// Notes how far the deletion of something left over is.
    pub fn prune(&self, prune: usize, progressed: Progressed) {
        self.state().prunes[prune] = progressed;
    }
}

impl State {
    /// Whether anything was sent to a cluster or a registry.
    pub fn has_written(&self) -> bool {
        let mut writes = (self.writes.iter())
            .chain(&self.deletions)
            .chain(&self.prunes);
        writes.any(|write| *write != Progressed::Waiting)
            || self
                .pushes
                .iter()
                .any(|push| push.as_ref().is_some_and(|push| !push.is_noop()))
    }
}
