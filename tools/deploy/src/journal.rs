//! How far a run is: what its result document and the `state:` line of an error are made of. What
//! is noted here is told as an event, where somebody wants these.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use windlass_oci_registry::Pushed;

use crate::desired::Desired;
use crate::diff::ObjectDiff;
use crate::events::{Events, What};
use crate::groups::missing;
use crate::inspect::{Pods, Standing};
use crate::outcome::{ClusterOutcome, ImageOutcome, ObjectName, Outcome, PrunedOutcome};
use crate::plan::{Action, Plan};
use crate::request::{DeployRequest, Rollout};
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
    events: Events,
}

impl Journal {
    /// Begins a run, and tells of it.
    pub fn start(request: &DeployRequest, events: Events) -> Self {
        let journal = Self {
            started: Instant::now(),
            state: Mutex::default(),
            events,
        };
        journal.tell(What::Started {
            verb: request.verb.as_str(),
            target: request.target.clone(),
            environment: request.environment.name.clone(),
            namespace: request.environment.namespace.clone(),
            context: request.cluster.context.clone(),
        });
        journal
    }

    /// The state, to read or to change. Held for a moment only.
    pub fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves plain data behind, which is still true.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds since the run began.
    pub fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Tells of something. Whether stdout is still there shows when the result is told.
    pub fn tell(&self, what: What) {
        let _ = self.events.emit(self.seconds(), what);
    }

    /// Tells how the run ended.
    ///
    /// # Errors
    /// What the operating system says of stdout.
    pub fn end(&self, outcome: Outcome) -> std::io::Result<()> {
        let document = Box::new(outcome);
        self.events.emit(self.seconds(), What::Result { document })
    }

    /// Notes where the run goes.
    pub fn connected(&self, place: &Place) {
        self.state().place = Some(place.clone());
        self.tell(What::Connected {
            cluster: ClusterOutcome::from(place),
        });
    }

    /// Begins the writes of a plan, and tells of it unless it is the one that was told.
    pub fn begin(&self, desired: &Desired, plan: &Plan) {
        {
            let mut state = self.state();
            state.writes = vec![Progressed::Waiting; desired.objects.len()];
            state.deletions = vec![Progressed::Waiting; desired.objects.len()];
            state.prunes = vec![Progressed::Waiting; plan.prunes.len()];
            state.pushes = vec![None; desired.images.len()];
            state.desired = Some(desired.clone());
            if state.plan.replace(plan.clone()).as_ref() == Some(plan) {
                return;
            }
        }
        let mut objects = BTreeMap::new();
        for action in &plan.actions {
            *objects.entry(action.word()).or_default() += 1;
        }
        let pushes = plan.pushes.len();
        self.tell(What::Planned { objects, pushes });
    }

    /// Notes how far a write is.
    pub fn write(&self, object: usize, progressed: Progressed) {
        self.state().writes[object] = progressed;
        if progressed == Progressed::Done
            && let Some((object, action)) = self.step(object)
        {
            self.tell(What::Written { object, action });
        }
    }

    /// Notes how far a deletion is.
    pub fn deletion(&self, object: usize, progressed: Progressed) {
        self.state().deletions[object] = progressed;
        if progressed == Progressed::Done
            && let Some((object, action)) = self.step(object)
        {
            self.tell(What::Deleted { object, action });
        }
    }

    /// Notes what a push did.
    pub fn pushed(&self, image: usize, pushed: Pushed) {
        let image = {
            let mut state = self.state();
            state.pushes[image] = Some(pushed);
            ImageOutcome::of(&state, image)
        };
        if let Some(image) = image {
            self.tell(What::Pushed { image });
        }
    }

    /// Notes how ready objects and groups are, and tells what is new.
    pub fn look(&self, statuses: &[Status], ready_after: &[Option<f64>]) {
        let news = {
            let mut state = self.state();
            let news = state.news(statuses, ready_after);
            state.statuses = statuses.to_vec();
            state.ready_after = ready_after.to_vec();
            news
        };
        for what in news {
            self.tell(what);
        }
    }

    /// An object of the plan, and what happens to it in one word.
    fn step(&self, at: usize) -> Option<(ObjectName, &'static str)> {
        let state = self.state();
        let desired = state.desired.as_ref()?;
        let name = ObjectName::of(desired, desired.objects.get(at)?);
        let action = state.plan.as_ref()?.actions.get(at).map(Action::word)?;
        Some((name, action))
    }

    /// Notes how far the deletion of something left over is.
    pub fn prune(&self, prune: usize, progressed: Progressed) {
        let pruned = {
            let mut state = self.state();
            state.prunes[prune] = progressed;
            PrunedOutcome::of(&state, prune).filter(|_| progressed == Progressed::Done)
        };
        if let Some(object) = pruned {
            self.tell(What::Pruned { object });
        }
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

    /// What is new in a look at objects and groups. Of the first look, what is not ready.
    fn news(&self, statuses: &[Status], ready_after: &[Option<f64>]) -> Vec<What> {
        let Some(desired) = &self.desired else {
            return Vec::new();
        };
        let mut news = Vec::new();
        for (at, (object, status)) in desired.objects.iter().zip(statuses).enumerate() {
            let is_new = match self.statuses.get(at) {
                Some(before) => before != status,
                None => !status.is_current(),
            };
            if is_new {
                news.push(What::Status {
                    object: ObjectName::of(desired, object),
                    ready: status.is_current(),
                    pods: status.replicas.map(|(ready, of)| Pods { ready, of }),
                    reason: missing(status),
                });
            }
        }
        for (at, (group, after)) in desired.groups.iter().zip(ready_after).enumerate() {
            let before = self.ready_after.get(at).copied().flatten();
            if before.is_none() && after.is_some() {
                let group = group.id.clone();
                news.push(What::Ready { group });
            }
        }
        news
    }
}
