//! Writes the inventories of groups: what a group is about to have before its objects are written,
//! and what it has after.
//!
//! So whatever moment a run ends at, each object that it has made is in an inventory: the next run
//! finds it, and whoever drops it from a manifest has it pruned.

use futures::{StreamExt as _, TryStreamExt as _};

use crate::api_error::ApiError;
use crate::apply::Written;
use crate::cluster::{Conflicts, Effect, Resource, apply_request, delete_request};
use crate::desired::Desired;
use crate::error::Error;
use crate::inventory::{Entry, Inventory, InventoryId};
use crate::plan::{Action, Live, Plan, Seen};
use crate::session::{CONCURRENCY, Session};

/// Everything that inventories are made of.
#[derive(Clone, Copy)]
pub struct Records<'a> {
    /// The run.
    pub session: &'a Session<'a>,
    /// What is wanted.
    pub desired: &'a Desired,
    /// What was there.
    pub seen: &'a Seen,
    /// What is done.
    pub plan: &'a Plan,
}

/// How far a group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its objects are written, what is left over is still there.
    Written,
    /// That is gone, too.
    Done,
}

impl Records<'_> {
    /// Adds what groups are about to get.
    pub async fn announce(&self, groups: &[usize]) -> Result<(), Error> {
        let announces = self.stale(groups).map(|group| async move {
            let announced = self.announced(group);
            if announced == self.seen.groups[group].inventory {
                return Ok(());
            }
            self.write(group, &announced).await
        });
        let announces = futures::stream::iter(announces).buffer_unordered(CONCURRENCY);
        announces.try_collect().await
    }

    /// Writes what groups have. One that has nothing any more is forgotten.
    pub async fn settle(
        &self,
        groups: &[usize],
        written: &Written,
        phase: Phase,
    ) -> Result<(), Error> {
        let settles = self.stale(groups).map(|group| async move {
            let settled = self.settled(group, written, phase);
            if settled.0.is_empty() {
                self.forget(group).await
            } else {
                self.write(group, &settled).await
            }
        });
        let settles = futures::stream::iter(settles).buffer_unordered(CONCURRENCY);
        settles.try_collect().await
    }

    /// Whether something of the groups is left over and goes.
    pub fn prunes(&self, groups: &[usize]) -> bool {
        let mut prunes = self.plan.prunes.iter();
        prunes.any(|prune| {
            groups.binary_search(&prune.group).is_ok() && prune.action.deletes().is_some()
        })
    }

    fn stale(&self, groups: &[usize]) -> impl Iterator<Item = usize> {
        let records = self.plan.records.iter().copied();
        records.filter(|group| groups.binary_search(group).is_ok())
    }

    fn announced(&self, group: usize) -> Inventory {
        let mut inventory = self.seen.groups[group].inventory.clone();
        for at in self.desired.members(group) {
            let key = self.desired.objects[at].object.key();
            match self.plan.actions[at] {
                Action::Create | Action::CreateAfter { .. } | Action::Replace { .. } => {
                    inventory.0.insert(key.clone(), Entry::default());
                }
                Action::Change { .. } | Action::Adopt { .. } | Action::Same => {
                    inventory.0.entry(key.clone()).or_default();
                }
                Action::Delete { .. } | Action::Gone | Action::Keep { .. } => {}
            }
        }
        inventory
    }

    fn settled(&self, group: usize, written: &Written, phase: Phase) -> Inventory {
        let mut inventory = self.seen.groups[group].inventory.clone();
        for at in self.desired.members(group) {
            let desired = &self.desired.objects[at];
            let key = desired.object.key();
            match &self.plan.actions[at] {
                Action::Delete { .. } | Action::Gone => {
                    inventory.0.remove(key);
                }
                Action::Keep { .. } => {}
                Action::Same if matches!(self.seen.objects[at], Live::Recorded(_)) => {}
                _ => {
                    let found = || {
                        let live = self.seen.objects[at].object();
                        live.map(|live| Entry::of(&desired.digest(), live))
                    };
                    let entry = written.entries.get(&at).cloned().or_else(found);
                    inventory.0.insert(key.clone(), entry.unwrap_or_default());
                }
            }
        }
        for prune in self.plan.prunes.iter().filter(|one| one.group == group) {
            let goes = match prune.action {
                Action::Keep { .. } => false,
                Action::Gone => true,
                _ => phase == Phase::Done,
            };
            if goes {
                inventory.0.remove(&prune.key);
            }
        }
        inventory
    }

    fn id(&self, group: usize) -> &InventoryId {
        let id = self.desired.groups[group].inventory.as_ref();
        id.expect("the plan records only groups that have an inventory")
    }

    async fn write(&self, group: usize, inventory: &Inventory) -> Result<(), Error> {
        let id = self.id(group);
        let of = &self.desired.groups[group];
        let environment = &self.desired.environment.name;
        let object = inventory.object(id, &of.id, &of.label, environment);
        let kind = Resource::config_maps();
        let request = apply_request(&kind, &object, Conflicts::Force, Effect::Write);
        self.send(id, request).await
    }

    /// Removes the inventory of a group that has nothing any more.
    async fn forget(&self, group: usize) -> Result<(), Error> {
        let id = self.id(group);
        let kind = Resource::config_maps();
        let Some(uid) = &self.seen.groups[group].uid else {
            return Ok(());
        };
        let namespace = Some(id.namespace.as_str());
        let request = delete_request(&kind, namespace, &id.name, uid, Effect::Write);
        self.send(id, request).await
    }

    async fn send(
        &self,
        id: &InventoryId,
        request: Result<http::Request<Vec<u8>>, ApiError>,
    ) -> Result<(), Error> {
        let failed = |source| Error::Write {
            object: id.key(),
            source: Box::new(source),
        };
        let request = request.map_err(failed)?;
        match self.session.cluster.send(&request).await {
            Err(error) if !error.is_gone() => Err(failed(error)),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}
