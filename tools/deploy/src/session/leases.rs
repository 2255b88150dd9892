//! Takes the leases of the groups that a plan writes to.

use futures::{StreamExt as _, TryFutureExt as _};
use serde_json::Value;
use tokio::time::Instant;
use windlass_k8s_object::Key;

use super::find::Listing;
use super::{CONCURRENCY, Session};
use crate::cluster::Resource;
use crate::desired::{Desired, MANAGED_BY_LABEL};
use crate::error::{Error, Reason};
use crate::inventory::{ID_LABEL, InventoryId};
use crate::lease::{LeaseError, Passed, Sighting};
use crate::plan::{Plan, Seen};
use crate::verbs::Context;

impl Session<'_> {
    /// Takes the lease of each group that the plan writes to: all at once, or if somebody else has one,
    /// in the order of their names, so that two runs cannot wait for each other. Where some are held,
    /// for a plan of fewer groups, these are given back first. Tells whether anybody else may have changed something since the plan was
    /// made.
    pub async fn take_leases(
        &self,
        context: &Context<'_>,
        desired: &Desired,
        seen: &Seen,
        plan: &Plan,
    ) -> Result<Passed, Error> {
        let id = |group: &usize| Some((desired.groups[*group].inventory.as_ref()?, *group));
        let mut groups: Vec<(&InventoryId, usize)> = plan.records.iter().filter_map(id).collect();
        groups.sort();
        let held = context.leases.groups();
        if groups.iter().all(|(id, _)| held.contains(*id)) {
            return Ok(Passed::Free);
        }
        context.leases.release().await;
        let patience = if self.options.waits() {
            self.options.timeout()
        } else {
            context.leases.least_patience()
        };
        let deadline = Instant::now() + patience;
        // All at once: those of one run that was killed run out at the same time.
        let sightings = self.sightings(&groups).await?;
        let attempts = groups.iter().zip(&sightings).map(|((id, _), sighting)| {
            let attempt = context.leases.attempt(&self.cluster, id, sighting);
            attempt.map_err(|error| self.unleased(id, error))
        });
        let attempts = futures::stream::iter(attempts).buffered(CONCURRENCY);
        // Whatever becomes of one, the answers of the others are waited for: what was taken is known.
        let attempts: Vec<Result<bool, Error>> = attempts.collect().await;
        let taken = attempts.into_iter().collect::<Result<Vec<bool>, Error>>()?;
        if taken.iter().all(|taken| *taken) {
            return self.passed_since(desired, seen, plan).await;
        }
        // Somebody is there. Now in order, beginning with none.
        context.leases.release().await;
        let firsts = sightings.into_iter().zip(taken);
        let firsts = firsts.map(|(sighting, taken)| (!taken).then_some(sighting));
        let mut passed = Passed::Free;
        for ((id, group), first) in groups.into_iter().zip(firsts) {
            let name = &desired.groups[group].name;
            let mut told = None;
            let tell = |holder: &str| {
                if told.as_deref() != Some(holder) {
                    told = Some(holder.to_owned());
                    let note = format!("waits for `{name}`: {holder} changes it");
                    context.note(&note);
                }
            };
            let lease = context
                .leases
                .take(&self.cluster, id, first, deadline, tell);
            match lease.await {
                Ok(Passed::Free) => {}
                Ok(Passed::Waited) => passed = Passed::Waited,
                Err(error) => return Err(self.unleased(id, error)),
            }
        }
        if passed == Passed::Waited {
            return Ok(passed);
        }
        self.passed_since(desired, seen, plan).await
    }

    /// Looks at the leases of groups.
    async fn sightings(&self, groups: &[(&InventoryId, usize)]) -> Result<Vec<Sighting>, Error> {
        let kind = Resource::leases();
        let keys: Vec<Key> = groups.iter().map(|(id, _)| id.lease_key()).collect();
        let wanted: Vec<_> = keys.iter().map(|key| Some((&kind, key))).collect();
        let ours = format!("{MANAGED_BY_LABEL}=windlass");
        let found = self.find_listed(&wanted, Listing::Labelled(&ours), |_, lease| {
            Sighting::of(Some(lease))
        });
        let found = found.await?.into_iter();
        Ok(found
            .map(|found| found.unwrap_or_else(|| Sighting::of(None)))
            .collect())
    }

    /// Whether somebody has written an inventory since it was read: whoever held a lease before may
    /// have ended just now.
    async fn passed_since(
        &self,
        desired: &Desired,
        seen: &Seen,
        plan: &Plan,
    ) -> Result<Passed, Error> {
        let id = |group: &usize| Some((desired.groups[*group].inventory.as_ref()?.key(), *group));
        let groups: Vec<(Key, usize)> = plan.records.iter().filter_map(id).collect();
        let kind = Resource::config_maps();
        let wanted: Vec<_> = groups.iter().map(|(key, _)| Some((&kind, key))).collect();
        let version = |_, object: Value| {
            let version = object["metadata"]["resourceVersion"].as_str();
            version.map(str::to_owned)
        };
        let found = self
            .find_listed(&wanted, Listing::Labelled(ID_LABEL), version)
            .await?;
        let mut pairs = groups.iter().zip(found);
        let same = pairs.all(|((_, group), now)| now.flatten() == seen.groups[*group].version);
        Ok(if same { Passed::Free } else { Passed::Waited })
    }

    fn unleased(&self, id: &InventoryId, error: LeaseError) -> Error {
        match error {
            LeaseError::Held { holder } => Error::Held {
                lease: lease_name(id),
                holder,
                kubectl: format!(
                    "{} -n {} get lease {}",
                    self.place.kubectl, id.namespace, id.name
                ),
            },
            LeaseError::Api(source) => self.unreadable(&lease_name(id))(source),
        }
    }

    /// What is told when somebody else has taken a lease of this run.
    pub fn lost(&self, id: &InventoryId) -> Error {
        Error::Lost {
            lease: lease_name(id),
            source: Reason("somebody has taken it, or it could not be renewed in time".to_owned()),
        }
    }
}

fn lease_name(id: &InventoryId) -> String {
    format!("lease `{}/{}`", id.namespace, id.name)
}
