//! Finds the objects of a run that are there.
//!
//! Many objects of one kind and namespace are listed, in pages; a few are asked for by name, and so
//! are Secrets: who deploys need not be somebody who may list them.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use windlass_k8s_object::{Key, Namespace};

use super::{CONCURRENCY, Session};
use crate::cluster::{Reach, Resource};
use crate::error::Error;

/// From how many objects of one kind and namespace on these are listed.
const MANY: usize = 8;

/// An object that is looked for: its kind, and its name.
type Wanted<'a> = (&'a Resource, &'a Key);

/// What was made of an object that is there, and where that stands among those that are looked for.
type Found<T> = (usize, T);

/// Which objects of a kind and namespace are listed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Listing<'a> {
    /// All.
    All,
    /// Those that a label selector selects; others count as not there.
    Labelled(&'a str),
    /// Those, and who is not among them is asked for by name: one that has lost its label is none
    /// that may be forgotten.
    MostlyLabelled(&'a str),
}

impl<'a> Listing<'a> {
    fn labels(self) -> Option<&'a str> {
        match self {
            Self::All => None,
            Self::Labelled(labels) | Self::MostlyLabelled(labels) => Some(labels),
        }
    }
}

impl Session<'_> {
    /// What `take` makes of the objects, in the order of `wanted`, whose places it is given; `None`
    /// for those that are not there, or of a kind that the cluster does not serve. It is called as
    /// objects arrive: what it does not keep takes no room.
    pub(super) async fn find<T: Send>(
        &self,
        wanted: &[Option<Wanted<'_>>],
        take: impl Fn(usize, Value) -> T + Sync,
    ) -> Result<Vec<Option<T>>, Error> {
        self.find_listed(wanted, Listing::All, take).await
    }

    /// The same; `listing` says which objects are listed, where that is done.
    pub(super) async fn find_listed<T: Send>(
        &self,
        wanted: &[Option<Wanted<'_>>],
        listing: Listing<'_>,
        take: impl Fn(usize, Value) -> T + Sync,
    ) -> Result<Vec<Option<T>>, Error> {
        let mut kinds: BTreeMap<(&Resource, Option<&Namespace>), Vec<usize>> = BTreeMap::new();
        for (at, one) in wanted.iter().enumerate() {
            if let Some((resource, key)) = one {
                let namespace = key.namespace.as_ref();
                kinds.entry((resource, namespace)).or_default().push(at);
            }
        }
        let mut looks: Vec<BoxFuture<'_, Result<Vec<Found<T>>, Error>>> = Vec::new();
        for ((resource, namespace), members) in kinds {
            if members.len() >= MANY && is_listed(resource) {
                let place = (resource, namespace);
                let look = self.find_all(place, listing, members, wanted, &take);
                looks.push(look.boxed());
            } else {
                for at in members {
                    looks.push(self.find_one(at, wanted, &take).boxed());
                }
            }
        }
        let mut found: Vec<Option<T>> = wanted.iter().map(|_| None).collect();
        let looks = futures::stream::iter(looks).buffer_unordered(CONCURRENCY);
        let all: Vec<_> = looks.try_collect().await?;
        for (at, object) in all.into_iter().flatten() {
            found[at] = Some(object);
        }
        Ok(found)
    }

    async fn find_one<T>(
        &self,
        at: usize,
        wanted: &[Option<Wanted<'_>>],
        take: &impl Fn(usize, Value) -> T,
    ) -> Result<Vec<Found<T>>, Error> {
        let Some((resource, key)) = wanted[at] else {
            return Ok(Vec::new());
        };
        let found = self.get(resource, key).await?;
        let found = found.map(|object| (at, take(at, object)));
        Ok(found.into_iter().collect())
    }

    async fn find_all<T>(
        &self,
        (resource, namespace): (&Resource, Option<&Namespace>),
        listing: Listing<'_>,
        members: Vec<usize>,
        wanted: &[Option<Wanted<'_>>],
        take: &impl Fn(usize, Value) -> T,
    ) -> Result<Vec<Found<T>>, Error> {
        let mut places: HashMap<&str, usize> = HashMap::new();
        for at in &members {
            if let Some((_, key)) = wanted[*at] {
                places.insert(key.name.as_str(), *at);
            }
        }
        let namespace = namespace.map(Namespace::as_str);
        let mut found = Vec::new();
        let keep = |item: Value| {
            let name = item["metadata"]["name"].as_str().unwrap_or_default();
            if let Some(at) = places.get(name) {
                found.push((*at, take(*at, item)));
            }
        };
        let labels = listing.labels();
        let pages = self.cluster.list_each(resource, namespace, labels, keep);
        match pages.await {
            Ok(()) if matches!(listing, Listing::MostlyLabelled(_)) => {
                let known: HashSet<usize> = found.iter().map(|(at, _)| *at).collect();
                let missing = members.into_iter().filter(|at| !known.contains(at));
                found.extend(self.find_each(missing, wanted, take).await?);
                Ok(found)
            }
            Ok(()) => Ok(found),
            // Who may not list may be allowed to read by name.
            Err(error) if error.is_forbidden() => {
                self.find_each(members.into_iter(), wanted, take).await
            }
            Err(error) => Err(self.unreadable(&resource.plural)(error)),
        }
    }

    /// Some objects, by their names.
    async fn find_each<T>(
        &self,
        members: impl Iterator<Item = usize>,
        wanted: &[Option<Wanted<'_>>],
        take: &impl Fn(usize, Value) -> T,
    ) -> Result<Vec<Found<T>>, Error> {
        let looks = members.map(|at| self.find_one(at, wanted, take));
        let looks = futures::stream::iter(looks).buffer_unordered(CONCURRENCY);
        looks.try_concat().await
    }

    /// One object; `None` if it is not there.
    pub(super) async fn get(&self, resource: &Resource, key: &Key) -> Result<Option<Value>, Error> {
        let namespace = key.namespace.as_ref().map(Namespace::as_str);
        let name = key.name.as_str();
        let found = self.cluster.get(resource, namespace, name).await;
        found.map_err(self.unreadable(key))
    }
}

/// Secrets are read by name only. Of what is in no namespace there is everybody's.
fn is_listed(resource: &Resource) -> bool {
    resource.reach == Reach::Namespaced
        && (resource.group.as_str(), resource.kind.as_str()) != ("", "Secret")
}
