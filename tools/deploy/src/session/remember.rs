//! What the cluster remembers of the groups of a run: their inventories, and what is left over.

use std::collections::HashSet;

use serde_json::Value;
use windlass_k8s_object::Key;

use super::Session;
use super::find::Listing;
use crate::cluster::Resource;
use crate::desired::Desired;
use crate::error::Error;
use crate::inventory::{ID_LABEL, Inventory, InventoryId, TARGET_ANNOTATION};
use crate::plan::{Leftover, Remembered};

impl Session<'_> {
    /// Reads the inventories of all groups, in their order, and the objects in them that nobody
    /// describes any more. A group that is applied in part has none.
    pub async fn remember(&self, desired: &Desired) -> Result<Vec<Remembered>, Error> {
        let ids = desired.groups.iter().map(|group| group.inventory.as_ref());
        let mut groups = self.read_inventories(ids).await?;
        let described: HashSet<&Key> = desired.objects.iter().map(|one| one.object.key()).collect();
        for remembered in &mut groups {
            remembered.leftovers = self.leftovers(&remembered.inventory, &described).await?;
        }
        Ok(groups)
    }

    /// Inventories, in the order of their ids; empty for those that are not there, or have no id.
    async fn read_inventories<'a>(
        &self,
        ids: impl Iterator<Item = Option<&'a InventoryId>>,
    ) -> Result<Vec<Remembered>, Error> {
        let kind = Resource::config_maps();
        let keys: Vec<Option<Key>> = ids.map(|id| id.map(InventoryId::key)).collect();
        let wanted: Vec<_> = keys
            .iter()
            .map(|key| key.as_ref().map(|key| (&kind, key)))
            .collect();
        let listing = Listing::MostlyLabelled(ID_LABEL);
        let found = self.find_listed(&wanted, listing, |_, object| object);
        let found: Vec<Option<Value>> = found.await?;
        let pairs = keys.into_iter().zip(found);
        let read = pairs.map(|(key, found)| match (key, found) {
            (Some(key), Some(found)) => self.read_inventory(key, &found),
            _ => Ok(Remembered::default()),
        });
        read.collect()
    }

    fn read_inventory(&self, key: Key, found: &Value) -> Result<Remembered, Error> {
        let inventory = Inventory::parse(found).map_err(|source| Error::Inventory {
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
        let found = self.find(&wanted, |_, object| object).await?;
        let pairs = keys.into_iter().zip(found);
        Ok(pairs
            .map(|(key, live)| Leftover {
                key: key.clone(),
                live,
            })
            .collect())
    }
}
