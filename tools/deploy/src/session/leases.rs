//! Takes the leases of the groups that a plan writes to.

use futures::{StreamExt as _, TryStreamExt as _};
use tokio::time::Instant;

use super::{CONCURRENCY, Session};
use crate::desired::Desired;
use crate::error::{Error, Reason};
use crate::inventory::InventoryId;
use crate::lease::{LeaseError, Leases, Passed};
use crate::plan::{Plan, Seen};
use crate::verbs::Context;

impl Session<'_> {
    /// Takes the lease of each group that the plan writes to, in the order of their names, so that
    /// two runs cannot wait for each other. Where some are held, for a plan of fewer groups, these
    /// are given back first. Tells whether anybody else may have changed something since the plan was
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
        let sightings = groups.iter().map(|(id, _)| async move {
            let sighting = Leases::sight(&self.cluster, id).await;
            sighting.map_err(|error| self.unleased(id, error))
        });
        let sightings = futures::stream::iter(sightings).buffered(CONCURRENCY);
        let sightings: Vec<_> = sightings.try_collect().await?;
        let mut passed = Passed::Free;
        for ((id, group), first) in groups.into_iter().zip(sightings) {
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

    /// Whether somebody has written an inventory since it was read: whoever held a lease before may
    /// have ended just now.
    async fn passed_since(
        &self,
        desired: &Desired,
        seen: &Seen,
        plan: &Plan,
    ) -> Result<Passed, Error> {
        let id = |group: &usize| Some((desired.groups[*group].inventory.as_ref()?, *group));
        let groups = plan.records.iter().filter_map(id);
        let reads = groups.map(|(id, group)| async move {
            let present = self.read_inventory(id).await?;
            Ok::<_, Error>(present.version == seen.groups[group].version)
        });
        let reads = futures::stream::iter(reads).buffered(CONCURRENCY);
        let same: Vec<bool> = reads.try_collect().await?;
        Ok(if same.iter().all(|same| *same) {
            Passed::Free
        } else {
            Passed::Waited
        })
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
