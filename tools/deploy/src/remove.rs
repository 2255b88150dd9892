//! Carries out the deletions of a plan, and waits until all that is going is gone.
//!
//! Stages go backwards: what uses comes before what is used. Within one, deletes begin in reverse
//! order, several at a time. Deletion is in the foreground, so an object is gone only when its
//! pods are.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::stream::StreamExt as _;
use serde_json::Value;
use tokio::time::Instant;
use windlass_k8s_object::{Key, Kind, Name, Namespace};

use crate::api_error::ApiError;
use crate::cluster::{Effect, Reach, Resource, Selector, delete_request};
use crate::desired::Desired;
use crate::error::{Error, Reason};
use crate::inventory::set_of;
use crate::journal::{Journal, Progressed};
use crate::order::Stage;
use crate::plan::{Plan, Prune, is_owned_by};
use crate::session::{CONCURRENCY, Session};
use crate::wait::unread;
use crate::watch::{Need, Store, Watched, Watcher};

/// Everything that a plan is carried out with.
pub struct Remove<'a> {
    /// The run.
    pub session: &'a Session<'a>,
    /// What is wanted gone.
    pub desired: &'a Desired,
    /// What will be deleted.
    pub plan: &'a Plan,
    /// How long to wait until all is gone; `None` for not at all.
    pub timeout: Option<Duration>,
    /// Where it is noted.
    pub journal: &'a Journal,
}

/// Something that must be gone at the end.
struct Going {
    key: Key,
    resource: Resource,
    uid: String,
    claims: Follow,
}

/// Whether claims go with a stateful set by the retention policy that it has. Without waiting for
/// them a new set could find its predecessor's data on its way out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Follow {
    /// They do.
    Going,
    /// They do not, or it is no stateful set.
    Staying,
}

impl Going {
    /// Its namespace; `None` for kinds that are in none, whatever the manifest says.
    fn namespace(&self) -> Option<&str> {
        let namespace = self.key.namespace.as_ref().map(Namespace::as_str);
        namespace.filter(|_| self.resource.reach == Reach::Namespaced)
    }

    /// What has to be watched: its kind, and claims where some go with it.
    fn watched(&self) -> Vec<Watched> {
        let watched = |resource| Watched {
            resource,
            namespace: self.namespace().map(str::to_owned),
            selector: Selector::default(),
            need: Need::Must,
        };
        let claims = (self.claims == Follow::Going).then(Resource::claims);
        let kinds = std::iter::once(self.resource.clone()).chain(claims);
        kinds.map(watched).collect()
    }

    /// The object, as long as it is there and not another one of its name, and what goes with it.
    fn seen<'a>(&'a self, store: &'a Store) -> Vec<&'a Value> {
        self.seen_itself(store)
            .into_iter()
            .chain(self.seen_claims(store))
            .collect()
    }

    fn seen_claims<'a>(&'a self, store: &'a Store) -> Vec<&'a Value> {
        if self.claims == Follow::Staying {
            return Vec::new();
        }
        let namespace = self.namespace().unwrap_or_default();
        let all = store.all("v1", "PersistentVolumeClaim", namespace);
        all.filter(|claim| is_owned_by(claim, &self.uid)).collect()
    }

    fn seen_itself<'a>(&self, store: &'a Store) -> Option<&'a Value> {
        let Resource {
            api_version, kind, ..
        } = &self.resource;
        let namespace = self.namespace().unwrap_or_default();
        let object = store.get(api_version, kind, namespace, self.key.name.as_str())?;
        (object["metadata"]["uid"] == *self.uid).then_some(object)
    }

    /// Whether all was listed, and nothing of it is there.
    fn is_gone(&self, watcher: &Watcher) -> bool {
        let is_listed = |watched: &Watched| watcher.has_listed(watched);
        self.watched().iter().all(is_listed) && self.seen(&watcher.store).is_empty()
    }

    /// What is left of it: itself, or else the claims that go with it.
    fn left(&self, store: &Store) -> Vec<Key> {
        let claims = self.seen_claims(store);
        if claims.is_empty() || self.seen_itself(store).is_some() {
            return vec![self.key.clone()];
        }
        let key = |claim: &&Value| {
            Some(Key {
                group: String::new(),
                kind: Kind::try_new(&Resource::claims().kind).ok()?,
                namespace: self.key.namespace.clone(),
                name: Name::try_new(claim["metadata"]["name"].as_str()?).ok()?,
            })
        };
        claims.iter().filter_map(key).collect()
    }
}

/// One deletion.
struct Removal {
    going: Going,
    stage: Stage,
    slot: Slot,
    request: Request,
}

/// Where a deletion is noted.
#[derive(Clone, Copy)]
enum Slot {
    /// Of a desired object.
    Object(usize),
    /// Of one that is left over.
    Prune(usize),
}

/// Whether a deletion has to be asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Request {
    /// It has.
    Needed,
    /// Somebody else, or an earlier run, has sent the request.
    Sent,
}

impl Remove<'_> {
    /// Deletes all that goes, desired or left over, and waits for what is to be gone.
    pub async fn all(&self) -> Result<(), Error> {
        let objects = (0..self.plan.actions.len()).filter_map(|at| self.removal(at));
        let left = (0..self.plan.prunes.len()).filter_map(|at| self.pruning(at));
        self.remove(objects.chain(left).collect()).await
    }

    /// Deletes what has to go before objects of some groups can be made.
    pub async fn first(&self, groups: &[usize]) -> Result<(), Error> {
        let objects = 0..self.plan.actions.len();
        let own = |at: &usize| {
            let group = self.desired.objects[*at].group;
            self.plan.actions[*at].is_sent() && groups.binary_search(&group).is_ok()
        };
        let removals = objects.filter(own).filter_map(|at| self.removal(at));
        self.remove(removals.collect()).await
    }

    /// Deletes what is left over of some groups.
    pub async fn prune(&self, groups: &[usize]) -> Result<(), Error> {
        let prunes = self.plan.prunes.iter().enumerate();
        let prunes = prunes.filter(|(_, prune)| groups.binary_search(&prune.group).is_ok());
        let mut removals = Vec::new();
        for removal in prunes.filter_map(|(at, _)| self.pruning(at)) {
            // A rollout takes minutes: it may be another group's by now.
            if self.is_left_still(&removal).await? {
                removals.push(removal);
            }
        }
        self.remove(removals).await
    }

    async fn is_left_still(&self, removal: &Removal) -> Result<bool, Error> {
        let (
            Slot::Prune(at),
            Going {
                key, resource, uid, ..
            },
        ) = (removal.slot, &removal.going)
        else {
            return Ok(true);
        };
        let group = &self.desired.groups[self.plan.prunes[at].group];
        let Some(inventory) = &group.inventory else {
            return Ok(false);
        };
        let namespace = key.namespace.as_ref().map(Namespace::as_str);
        let found = self
            .session
            .cluster
            .get(resource, namespace, key.name.as_str());
        let found = found.await.map_err(|source| Error::Delete {
            object: Box::new(key.clone()),
            source: Box::new(source),
            also: Vec::new(),
        })?;
        let set = inventory.set_id();
        let is_still = |live: &Value| {
            live["metadata"]["uid"] == **uid && set_of(live).is_none_or(|own| own == set)
        };
        Ok(found.as_ref().is_some_and(is_still))
    }

    async fn remove(&self, mut removals: Vec<Removal>) -> Result<(), Error> {
        let started = Instant::now();
        removals.reverse();
        for stage in Stage::ALL.into_iter().rev() {
            let members = || removals.iter().filter(|one| one.stage == stage);
            let deletes = futures::stream::iter(members()).map(|one| self.delete(one));
            // All are waited for: what is on its way must not be dropped for an error elsewhere.
            let results: Vec<Result<(), Error>> = deletes.buffered(CONCURRENCY).collect().await;
            let failed = results.into_iter().filter_map(Result::err);
            Error::first_of(failed).map_or(Ok(()), Err)?;
            let going: Vec<&Going> = members().map(|one| &one.going).collect();
            if let Some(timeout) = self.timeout
                && !going.is_empty()
            {
                self.wait_gone(&going, started, timeout).await?;
            }
        }
        Ok(())
    }

    /// The deletion of a desired object.
    fn removal(&self, at: usize) -> Option<Removal> {
        let action = &self.plan.actions[at];
        let uid = action.removes()?.to_owned();
        let object = &self.desired.objects[at].object;
        let kinds = &self.session.resources;
        let resource = kinds.of(object.api_version(), object.kind())?.clone();
        let takes_claims = self.plan.claims.iter().any(|claims| claims.set == at);
        Some(Removal {
            stage: Stage::of(object),
            slot: Slot::Object(at),
            request: match action.deletes() {
                Some(_) => Request::Needed,
                None => Request::Sent,
            },
            going: Going {
                key: object.key().clone(),
                resource,
                uid,
                claims: if takes_claims {
                    Follow::Going
                } else {
                    Follow::Staying
                },
            },
        })
    }

    /// The deletion of an object that is left over.
    fn pruning(&self, at: usize) -> Option<Removal> {
        let Prune { key, action, .. } = &self.plan.prunes[at];
        Some(Removal {
            stage: Stage::of_key(key),
            slot: Slot::Prune(at),
            request: Request::Needed,
            going: Going {
                key: key.clone(),
                resource: self.session.resources.of_key(key)?.clone(),
                uid: action.deletes()?.to_owned(),
                claims: Follow::Staying,
            },
        })
    }

    fn note(&self, slot: Slot, progressed: Progressed) {
        match slot {
            Slot::Object(at) => self.journal.deletion(at, progressed),
            Slot::Prune(at) => self.journal.prune(at, progressed),
        }
    }

    async fn delete(&self, removal: &Removal) -> Result<(), Error> {
        let Going {
            key, resource, uid, ..
        } = &removal.going;
        if removal.request == Request::Sent {
            return Ok(());
        }
        let namespace = key.namespace.as_ref().map(Namespace::as_str);
        let failed = |source| Error::Delete {
            object: Box::new(key.clone()),
            source: Box::new(source),
            also: Vec::new(),
        };
        let name = key.name.as_str();
        let request = delete_request(resource, namespace, name, uid, Effect::Write);
        let request = request.map_err(failed)?;
        self.note(removal.slot, Progressed::Underway);
        match self.session.cluster.send(&request).await {
            Ok(_) => {}
            // Gone already, or another object has taken its name: ours is not there any more.
            Err(error) if error.is_gone() => {}
            Err(error) => {
                // Without an answer nobody knows whether it was done.
                if !matches!(error, ApiError::Connection { .. }) {
                    self.note(removal.slot, Progressed::Waiting);
                }
                return Err(failed(error));
            }
        }
        self.note(removal.slot, Progressed::Done);
        Ok(())
    }

    async fn wait_gone(
        &self,
        going: &[&Going],
        started: Instant,
        timeout: Duration,
    ) -> Result<(), Error> {
        let kinds: BTreeSet<Watched> = going.iter().flat_map(|one| one.watched()).collect();
        let mut watcher = Watcher::start(&self.session.cluster, kinds.into_iter().collect());
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                () = watcher.changed() => {}
                _ = tick.tick() => {}
            }
            let left = going.iter().filter(|one| !one.is_gone(&watcher));
            let left: Vec<&Going> = left.copied().collect();
            if left.is_empty() {
                return Ok(());
            }
            if let Some((what, error)) = watcher.refusal() {
                return Err(Error::Watch {
                    what,
                    context: self.session.place.context.clone(),
                    source: Box::new(error.clone()),
                });
            }
            if started.elapsed() >= timeout {
                return Err(not_gone(&left, &watcher, timeout));
            }
        }
    }
}

fn not_gone(left: &[&Going], watcher: &Watcher, after: Duration) -> Error {
    let there = left.iter().flat_map(|one| one.seen(&watcher.store));
    let finalizers = there.flat_map(|object| {
        let names = object["metadata"]["finalizers"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        names
            .into_iter()
            .filter_map(|name| name.as_str().map(str::to_owned))
    });
    let finalizers: BTreeSet<String> = finalizers.collect();
    let names = finalizers.into_iter().collect::<Vec<_>>().join(", ");
    Error::NotGone {
        objects: left
            .iter()
            .flat_map(|one| one.left(&watcher.store))
            .collect(),
        after,
        source: Reason(match watcher.trouble() {
            Some((what, error)) => unread(&what, error),
            None if !names.is_empty() => format!("finalizers hold it: {names}"),
            None if watcher.is_complete() => "the API server has not removed it yet".to_owned(),
            None => "the API server has not said yet what is left".to_owned(),
        }),
    }
}
