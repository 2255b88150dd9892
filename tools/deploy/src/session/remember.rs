//! What the cluster remembers of the groups of a run: their inventories, and what is left over.

use std::collections::HashSet;

use futures::{StreamExt as _, TryStreamExt as _};
use windlass_k8s_object::Key;

use super::{CONCURRENCY, Session};
use crate::cluster::Resource;
use crate::desired::Desired;
use crate::error::Error;
use crate::inventory::{Inventory, InventoryId, TARGET_ANNOTATION};
use crate::plan::{Leftover, Remembered};

impl Session<'_> {
    /// Reads the inventories of all groups, in their order, and the objects in them that nobody
    /// describes any more. A group that is applied in part has none.
    pub async fn remember(&self, desired: &Desired) -> Result<Vec<Remembered>, Error> {
        let reads = desired.groups.iter().map(|group| async move {
            match &group.inventory {
                Some(id) => self.read_inventory(id).await,
                None => Ok(Remembered::default()),
            }
        });
        let reads = futures::stream::iter(reads).buffered(CONCURRENCY);
        let mut groups: Vec<Remembered> = reads.try_collect().await?;
        let described: HashSet<&Key> = desired.objects.iter().map(|one| one.object.key()).collect();
        for remembered in &mut groups {
            remembered.leftovers = self.leftovers(&remembered.inventory, &described).await?;
        }
        Ok(groups)
    }

    /// One inventory; empty if there is none.
    pub(super) async fn read_inventory(&self, id: &InventoryId) -> Result<Remembered, Error> {
        let key = id.key();
        let Some(found) = self.get(&Resource::config_maps(), &key).await? else {
            return Ok(Remembered::default());
        };
        let inventory = Inventory::parse(&found).map_err(|source| Error::Inventory {
            object: Box::new(key),
            context: self.place.context.clone(),
            source,
            kubectl: self.place.kubectl.clone(),
        })?;
        let text = |field: &str| found["metadata"][field].as_str().map(str::to_owned);
        let target = found["metadata"]["annotations"][TARGET_ANNOTATION].as_str();
        Ok(Remembered {
            inventory,
            target: target.map(str::to_owned),
            uid: text("uid"),
            version: text("resourceVersion"),
            leftovers: Vec::new(),
        })
    }

    async fn leftovers(
        &self,
        inventory: &Inventory,
        described: &HashSet<&Key>,
    ) -> Result<Vec<Leftover>, Error> {
        let keys = inventory.0.keys().filter(|key| !described.contains(key));
        let keys: Vec<&Key> = keys.collect();
        let resource = |key: &&Key| self.resources.of_key(key);
        let wanted = keys.iter().map(|key| Some((resource(key)?, *key)));
        let wanted: Vec<_> = wanted.collect();
        let found = self.find(&wanted).await?;
        let pairs = keys.into_iter().zip(found);
        Ok(pairs
            .map(|(key, live)| Leftover {
                key: key.clone(),
                live,
            })
            .collect())
    }
}
