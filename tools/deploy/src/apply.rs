//! Carries out a plan: pushes its images and writes its objects.
//!
//! **Architecture invariant:** this module and [`crate::remove`] are the only ones that write to a
//! cluster or a registry what a user has described, and they write only what the plan holds. What
//! the tool keeps for itself is written by [`crate::record`] and [`crate::lease`].

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _, Shared};
use futures::stream::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use tokio::sync::Semaphore;
use windlass_k8s_object::Namespace;
use windlass_oci_registry::Pushed;

use crate::api_error::ApiError;
use crate::cluster::{Conflicts, Effect, Resource, apply_request};
use crate::desired::Desired;
use crate::error::Error;
use crate::explain::Explanation;
use crate::inventory::Entry;
use crate::journal::{Journal, Progressed};
use crate::order::Stage;
use crate::plan::{Action, Live, Plan, Seen};
use crate::progress::Progress;
use crate::ready::{Readiness, readiness};
use crate::screen;
use crate::session::{CONCURRENCY, Session};
use crate::settle::settled;
use crate::store::{Store, Undelivered};
use crate::trim::trim;

/// How long the API server may take to serve a new kind.
const ESTABLISHED: Duration = Duration::from_mins(1);

/// How long the API server may take to give back a port of an object that has gone.
const ALLOCATED: Duration = Duration::from_secs(10);

/// The pushes of a plan.
pub struct Pushes<'a> {
    /// What is wanted.
    pub desired: &'a Desired,
    /// What will be done.
    pub plan: &'a Plan,
    /// Where images go.
    pub store: &'a Store,
    /// Where it is noted.
    pub journal: &'a Journal,
    /// Where it is shown.
    pub progress: &'a Progress,
}

/// Everything that a plan is carried out with.
pub struct Apply<'a> {
    /// The run.
    pub session: &'a Session<'a>,
    /// What is wanted.
    pub desired: &'a Desired,
    /// What was there.
    pub seen: &'a Seen,
    /// What will be done.
    pub plan: &'a Plan,
    /// Where it is noted.
    pub journal: &'a Journal,
}

/// A push that several objects wait for; the error is told once, by whoever pushes.
pub type PushFuture<'a> = Shared<BoxFuture<'a, Result<Arc<Pushed>, Undelivered>>>;

/// Pushes on their way, by image.
pub type Begun<'a> = HashMap<usize, PushFuture<'a>>;

/// What came of writes, by the places of their objects.
#[derive(Debug, Default)]
pub struct Written {
    /// What inventories have of them.
    pub entries: HashMap<usize, Entry>,
    /// As the API server answered; trimmed.
    pub objects: HashMap<usize, Value>,
}

/// What came of one write.
struct WrittenOne {
    at: usize,
    entry: Entry,
    object: Value,
}

impl Pushes<'_> {
    /// Pushes all images.
    pub async fn run(&self) -> Result<(), Error> {
        let pushes = self.begin();
        let failed = self.finish(&pushes).await;
        Error::first_of(failed).map_or(Ok(()), Err)
    }

    /// The pushes, each to be waited for.
    pub fn begin(&self) -> Begun<'_> {
        let push = |at: &usize| (*at, self.push(*at).boxed().shared());
        self.plan.pushes.iter().map(push).collect()
    }

    /// Waits for all pushes, and gives back why some failed.
    pub async fn finish(&self, pushes: &Begun<'_>) -> Vec<Error> {
        let in_order = self.plan.pushes.iter().map(|at| pushes[at].clone());
        let results = futures::future::join_all(in_order).await;
        let failed = results.into_iter().filter_map(Result::err);
        failed.map(|error| Error::push(&*error)).collect()
    }

    /// Puts their tags on the images of the plan, which run now.
    pub async fn tag(&self) -> Result<(), Error> {
        let images = self.plan.pushes.iter().map(|at| &self.desired.images[*at]);
        let tags = futures::stream::iter(images.map(|image| self.store.tag(image)));
        let tagged: Result<(), _> = tags.buffered(CONCURRENCY).try_collect().await;
        tagged.map_err(|error| Error::push(&*error))
    }

    async fn push(&self, at: usize) -> Result<Arc<Pushed>, Undelivered> {
        let image = &self.desired.images[at];
        let pushed = self.store.push(image).await?;
        self.progress.line(&screen::image_line(
            image.name(),
            &pushed,
            self.journal.seconds(),
            screen::name_width(self.desired),
        ));
        self.journal.pushed(at, pushed.clone());
        Ok(Arc::new(pushed))
    }
}

impl Apply<'_> {
    /// Writes the objects of some groups; `None` if an image that they need did not arrive.
    ///
    /// Stages follow one another. Within a stage an object waits for its own images and nothing
    /// else. After an error nothing new is begun, and what is on its way is waited for.
    pub async fn write(
        &self,
        groups: &[usize],
        pushes: &Begun<'_>,
    ) -> Result<Option<Written>, Error> {
        let mut written = Written::default();
        for stage in Stage::ALL {
            let mut objects = self.plan.stage(stage, self.desired, Action::is_sent);
            objects.retain(|at| {
                let group = self.desired.objects[*at].group;
                groups.binary_search(&group).is_ok()
            });
            let permits = Semaphore::new(CONCURRENCY);
            let failed = AtomicBool::new(false);
            let writes = objects
                .iter()
                .map(|at| self.write_one(*at, pushes, &permits, &failed));
            let mut writes: futures::stream::FuturesUnordered<_> = writes.collect();
            let mut first_error = None;
            while let Some(result) = writes.next().await {
                match result {
                    Ok(Some(one)) => {
                        written.entries.insert(one.at, one.entry);
                        written.objects.insert(one.at, one.object);
                    }
                    Ok(None) => {}
                    Err(error) => {
                        failed.store(true, Ordering::Relaxed);
                        first_error.get_or_insert(error);
                    }
                }
            }
            if let Some(error) = first_error {
                return Err(error);
            }
            if failed.load(Ordering::Relaxed) {
                // Whoever pushed it says why.
                return Ok(None);
            }
            if stage == Stage::Foundation {
                self.wait_established(&mut written).await?;
            }
        }
        Ok(Some(written))
    }

    /// Writes one object, after its images; `None` if one of them did not arrive, or if something
    /// else has failed meanwhile.
    async fn write_one(
        &self,
        at: usize,
        pushes: &Begun<'_>,
        permits: &Semaphore,
        failed: &AtomicBool,
    ) -> Result<Option<WrittenOne>, Error> {
        let desired = &self.desired.objects[at];
        for image in &desired.images {
            if let Some(push) = pushes.get(image)
                && push.clone().await.is_err()
            {
                failed.store(true, Ordering::Relaxed);
                return Ok(None);
            }
        }
        // Never closed, so this waits for a permit and does not fail.
        let _permit = permits.acquire().await;
        if failed.load(Ordering::Relaxed) {
            return Ok(None);
        }
        // Boxed, so that those who wait for their turn are small.
        self.write_now(at).boxed().await.map(Some)
    }

    async fn write_now(&self, at: usize) -> Result<WrittenOne, Error> {
        let desired = &self.desired.objects[at];
        // One that stands as it was written is sent only where it goes first: nothing of it stays.
        let live = match &self.seen.objects[at] {
            Live::Recorded(_) => None,
            live => live.object(),
        };
        let object = settled(desired, live);
        let key = object.key();
        let failed = |source: ApiError| {
            let conflicts = source.conflicts();
            if conflicts.is_empty() {
                return Error::Write {
                    object: key.clone(),
                    source: Box::new(source),
                };
            }
            Error::Overtaken {
                conflicts: vec![(key.clone(), conflicts)],
                force: self.session.force_command(),
            }
        };
        let resource = self.resource(at);
        let conflicts = match self.plan.actions[at] {
            Action::Adopt { .. } => Conflicts::Force,
            _ => self.session.conflicts(),
        };
        let request = apply_request(resource, &object, conflicts, Effect::Write).map_err(failed)?;
        self.journal.write(at, Progressed::Underway);
        let mut answer = self.send(at, &request).await.map_err(|error| {
            if !matches!(error, ApiError::Connection { .. }) {
                self.journal.write(at, Progressed::Waiting);
            }
            failed(error)
        })?;
        self.journal.write(at, Progressed::Done);
        let entry = Entry::of(&desired.digest(), &answer);
        trim(desired, &mut answer);
        Ok(WrittenOne {
            at,
            entry,
            object: answer,
        })
    }

    /// Sends a write. A port or an address of an object that has just gone is free a moment later.
    async fn send(&self, at: usize, request: &http::Request<Vec<u8>>) -> Result<Value, ApiError> {
        let began = tokio::time::Instant::now();
        loop {
            match self.session.cluster.send(request).await {
                Err(error)
                    if error.is_allocated()
                        && self.plan.actions[at].removes().is_some()
                        && began.elapsed() < ALLOCATED =>
                {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                answer => return answer,
            }
        }
    }

    fn resource(&self, at: usize) -> &Resource {
        let object = &self.desired.objects[at].object;
        let resource = self
            .session
            .resources
            .of(object.api_version(), object.kind());
        resource.expect("the preflight has seen that each kind is served")
    }

    /// Waits until the API server serves the kinds that were just written: objects of these
    /// kinds come next.
    async fn wait_established(&self, written: &mut Written) -> Result<(), Error> {
        let is_definition = |at: &usize| {
            self.desired.objects[*at].object.kind().as_str() == "CustomResourceDefinition"
        };
        let definitions: Vec<usize> = written
            .objects
            .keys()
            .copied()
            .filter(is_definition)
            .collect();
        let deadline = tokio::time::Instant::now() + ESTABLISHED;
        for at in definitions {
            let key = self.desired.objects[at].object.key();
            loop {
                let says = match readiness(&written.objects[&at]) {
                    Readiness::Current => break,
                    Readiness::InProgress(says) | Readiness::Failed(says) => says,
                };
                if tokio::time::Instant::now() >= deadline {
                    return Err(self.not_established(key, says));
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
                let namespace = key.namespace.as_ref().map(Namespace::as_str);
                let name = key.name.as_str();
                let found = self
                    .session
                    .cluster
                    .get(self.resource(at), namespace, name)
                    .await;
                let found = found.map_err(|source| Error::Watch {
                    what: key.to_string(),
                    context: self.session.place.context.clone(),
                    source: Box::new(source),
                })?;
                let found = found.ok_or_else(|| gone(key))?;
                written.objects.insert(at, found);
            }
        }
        Ok(())
    }

    fn not_established(&self, key: &windlass_k8s_object::Key, says: String) -> Error {
        let explanation = Explanation {
            object: key.clone(),
            says,
            problem: None,
            verdict: None,
            event: None,
            log: Vec::new(),
        };
        Error::Timeout {
            explanation: Box::new(explanation),
            after: ESTABLISHED,
            kubectl: self.session.place.kubectl.clone(),
        }
    }
}

fn gone(key: &windlass_k8s_object::Key) -> Error {
    let reason = "somebody deleted it".to_owned();
    Error::Write {
        object: key.clone(),
        source: Box::new(ApiError::Other { reason }),
    }
}
