//! What is there, kept up to date: one list and one watch per kind and namespace.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::StreamExt as _;
use kube::api::WatchEvent;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::api_error::ApiError;
use crate::cluster::{Cluster, Resource, Selector};

/// Some objects of one kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Watched {
    /// The kind.
    pub resource: Resource,
    /// The namespace; `None` for kinds that are in none.
    pub namespace: Option<String>,
    /// Which of them.
    pub selector: Selector,
}

impl Watched {
    /// What it is called in a message: pods in \`alice\`.
    pub fn what(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{} in `{namespace}`", self.resource.plural),
            None => self.resource.plural.clone(),
        }
    }
}

/// How long a list or a watch that failed is let rest.
const PAUSE: Duration = Duration::from_secs(1);

/// Where an object stands in a [`Store`]. Two groups may have kinds of one name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct StoreKey {
    api_version: String,
    kind: String,
    /// Empty for none.
    namespace: String,
    name: String,
}

/// Objects as they were last seen. What is asked of it costs what it gives back, not what there is.
#[derive(Clone, Debug, Default)]
pub struct Store {
    objects: BTreeMap<StoreKey, Value>,
    /// Which objects each uid owns.
    owned: BTreeMap<String, BTreeSet<StoreKey>>,
}

impl Store {
    /// One object; `namespace` is empty for kinds that are in none.
    pub fn get(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Option<&Value> {
        self.objects.get(&StoreKey {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    /// All objects of a kind in a namespace.
    pub fn all<'a>(
        &'a self,
        api_version: &'a str,
        kind: &'a str,
        namespace: &'a str,
    ) -> impl Iterator<Item = &'a Value> {
        let first = StoreKey {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: String::new(),
        };
        let ours = move |key: &StoreKey| {
            key.api_version == api_version && key.kind == kind && key.namespace == namespace
        };
        self.objects
            .range(first..)
            .take_while(move |(key, _)| ours(key))
            .map(|(_, object)| object)
    }

    /// All objects of a kind that the one with that uid owns.
    pub fn owned<'a>(
        &'a self,
        uid: &str,
        api_version: &'a str,
        kind: &'a str,
    ) -> impl Iterator<Item = &'a Value> {
        let keys = self.owned.get(uid).into_iter().flatten();
        keys.filter(move |key| key.api_version == api_version && key.kind == kind)
            .filter_map(|key| self.objects.get(key))
    }

    /// Puts an object in.
    pub fn set(&mut self, object: Value) {
        let key = key_of(&object);
        self.forget(&key);
        for owner in owners(&object) {
            let owned = self.owned.entry(owner.to_owned()).or_default();
            owned.insert(key.clone());
        }
        self.objects.insert(key, object);
    }

    /// Puts all of a list in.
    pub fn add(&mut self, list: Value, resource: &Resource) {
        for item in typed_items(list, resource) {
            self.set(item);
        }
    }

    fn remove(&mut self, object: &Value) {
        self.forget(&key_of(object));
    }

    fn forget(&mut self, key: &StoreKey) {
        let Some(object) = self.objects.remove(key) else {
            return;
        };
        for owner in owners(&object) {
            if let Some(owned) = self.owned.get_mut(owner) {
                owned.remove(key);
            }
        }
    }

    fn replace_all(&mut self, watched: &Watched, items: Vec<Value>) {
        let namespace = watched.namespace.as_deref().unwrap_or_default();
        let Resource {
            api_version, kind, ..
        } = &watched.resource;
        let theirs = self.all(api_version, kind, namespace).map(key_of);
        for key in theirs.collect::<Vec<_>>() {
            self.forget(&key);
        }
        for item in items {
            self.set(item);
        }
    }
}

/// The uids of an object's owners.
fn owners(object: &Value) -> impl Iterator<Item = &str> {
    let owners = object["metadata"]["ownerReferences"].as_array();
    let owners = owners.into_iter().flatten();
    owners.filter_map(|owner| owner["uid"].as_str())
}

fn key_of(object: &Value) -> StoreKey {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &object["metadata"];
    StoreKey {
        api_version: text(&object["apiVersion"]),
        kind: text(&object["kind"]),
        namespace: text(&metadata["namespace"]),
        name: text(&metadata["name"]),
    }
}

enum Change {
    Listed { watched: usize, items: Vec<Value> },
    Failed { watched: usize, error: ApiError },
    Set(Value),
    Removed(Value),
}

/// Watches that run until this is dropped.
pub struct Watcher {
    watched: Vec<Watched>,
    listed: Vec<bool>,
    /// What went wrong since the last list.
    errors: Vec<Option<ApiError>>,
    changes: mpsc::Receiver<Change>,
    _tasks: JoinSet<()>,
    /// The objects.
    pub store: Store,
}

impl Watcher {
    /// Starts a watch for each. No two of one kind and namespace.
    pub fn start(cluster: &Cluster, watched: Vec<Watched>) -> Self {
        let (sender, changes) = mpsc::channel(1024);
        let mut tasks = JoinSet::new();
        for (index, one) in watched.iter().enumerate() {
            tasks.spawn(follow(cluster.clone(), one.clone(), index, sender.clone()));
        }
        let listed = vec![false; watched.len()];
        let errors = vec![None; watched.len()];
        Self {
            watched,
            listed,
            errors,
            changes,
            _tasks: tasks,
            store: Store::default(),
        }
    }

    /// Waits for a change and takes in all that have come.
    pub async fn changed(&mut self) {
        if let Some(change) = self.changes.recv().await {
            self.take(change);
        } else {
            // Every watch has ended: all were refused, see [`Watcher::refusal`].
            std::future::pending::<()>().await;
        }
        while let Ok(change) = self.changes.try_recv() {
            self.take(change);
        }
    }

    /// Whether every kind was listed once, so that what is not in the store is not there.
    pub fn is_complete(&self) -> bool {
        self.listed.iter().all(|listed| *listed)
    }

    /// Whether what `watched` selects was listed once.
    pub fn has_listed(&self, watched: &Watched) -> bool {
        let mut all = self.watched.iter().zip(&self.listed);
        all.any(|(one, listed)| one == watched && *listed)
    }

    /// What we may not read: no waiting will change that.
    pub fn refusal(&self) -> Option<(String, &ApiError)> {
        self.failed().find(|(_, error)| is_refusal(error))
    }

    /// What cannot be read at this moment.
    pub fn trouble(&self) -> Option<(String, &ApiError)> {
        self.failed().next()
    }

    fn failed(&self) -> impl Iterator<Item = (String, &ApiError)> {
        let failed = |(watched, error)| {
            let error = Option::as_ref(error)?;
            Some((Watched::what(watched), error))
        };
        self.watched.iter().zip(&self.errors).filter_map(failed)
    }

    fn take(&mut self, change: Change) {
        match change {
            Change::Listed { watched, items } => {
                self.listed[watched] = true;
                self.errors[watched] = None;
                self.store.replace_all(&self.watched[watched], items);
            }
            Change::Failed { watched, error } => self.errors[watched] = Some(error),
            Change::Set(object) => self.store.set(object),
            Change::Removed(object) => self.store.remove(&object),
        }
    }
}

/// Whether the server has understood us and said no.
fn is_refusal(error: &ApiError) -> bool {
    error.is_forbidden() && !error.is_transient()
}

/// Whoever wanted to know of changes has gone.
struct Gone;

/// Lists, then watches from there; from the start again when the watch ends. What fails is told
/// and tried again, unless it is refused.
async fn follow(cluster: Cluster, watched: Watched, index: usize, sender: mpsc::Sender<Change>) {
    // What fails is known at once, and repeated here.
    let cluster = cluster.asking_once();
    loop {
        let followed = follow_once(&cluster, &watched, index, &sender).await;
        let Ok(followed) = followed else { return };
        if let Err(error) = followed {
            let refused = is_refusal(&error);
            let failed = Change::Failed {
                watched: index,
                error,
            };
            if sender.send(failed).await.is_err() || refused {
                return;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// One list, and one watch until it ends.
async fn follow_once(
    cluster: &Cluster,
    watched: &Watched,
    index: usize,
    sender: &mpsc::Sender<Change>,
) -> Result<Result<(), ApiError>, Gone> {
    let Watched {
        resource,
        namespace,
        selector,
    } = watched;
    let namespace = namespace.as_deref();
    let list = match cluster.list(resource, namespace, selector).await {
        Ok(list) => list,
        Err(error) => return Ok(Err(error)),
    };
    let version = list["metadata"]["resourceVersion"].as_str();
    let version = version.unwrap_or("0").to_owned();
    let listed = Change::Listed {
        watched: index,
        items: typed_items(list, resource),
    };
    sender.send(listed).await.map_err(|_| Gone)?;
    let events = cluster.watch(resource, namespace, selector, &version).await;
    let mut events = match events {
        Ok(events) => std::pin::pin!(events),
        Err(error) => return Ok(Err(error)),
    };
    while let Some(event) = events.next().await {
        let change = match event {
            Ok(WatchEvent::Added(object) | WatchEvent::Modified(object)) => Change::Set(object),
            Ok(WatchEvent::Deleted(object)) => Change::Removed(object),
            Ok(WatchEvent::Bookmark(_)) => continue,
            Ok(WatchEvent::Error(status)) => {
                return Ok(Err(ApiError::from(kube::Error::Api(status))));
            }
            Err(error) => return Ok(Err(error)),
        };
        sender.send(change).await.map_err(|_| Gone)?;
    }
    Ok(Ok(()))
}

/// The items of a list, each with the kind that lists leave out.
fn typed_items(mut list: Value, resource: &Resource) -> Vec<Value> {
    let Some(items) = list.get_mut("items").and_then(Value::as_array_mut) else {
        return Vec::new();
    };
    let mut items = std::mem::take(items);
    for item in &mut items {
        item["kind"] = Value::String(resource.kind.clone());
        item["apiVersion"] = Value::String(resource.api_version.clone());
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Reach;
    use serde_json::json;

    fn pod(namespace: &str, name: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "name": name}})
    }

    #[test]
    fn a_new_list_replaces_what_was_of_its_kind_and_namespace() {
        let mut store = Store::default();
        for (namespace, name) in [("a", "1"), ("a", "2"), ("b", "1")] {
            store.set(pod(namespace, name));
        }
        let watched = Watched {
            resource: Resource::pods(),
            namespace: Some("a".to_owned()),
            selector: Selector::default(),
        };
        store.replace_all(&watched, vec![pod("a", "3")]);
        assert!(store.get("v1", "Pod", "a", "1").is_none());
        assert!(store.get("v1", "Pod", "a", "3").is_some());
        assert_eq!(store.all("v1", "Pod", "b").count(), 1);
    }

    #[test]
    fn kinds_of_one_name_are_told_apart_by_their_group() {
        let service = |api_version: &str| {
            json!({"apiVersion": api_version, "kind": "Service",
                   "metadata": {"namespace": "a", "name": "b"}})
        };
        let mut store = Store::default();
        store.set(service("v1"));
        store.set(service("serving.knative.dev/v1"));
        let found = store.get("v1", "Service", "a", "b");
        assert_eq!(found, Some(&service("v1")));
        assert_eq!(
            store.all("serving.knative.dev/v1", "Service", "a").count(),
            1
        );
        let services = Resource::built_in("v1", "Service", "services", Reach::Namespaced);
        let watched = Watched {
            resource: services,
            namespace: Some("a".to_owned()),
            selector: Selector::default(),
        };
        store.replace_all(&watched, Vec::new());
        assert_eq!(store.get("v1", "Service", "a", "b"), None);
        assert_eq!(
            store.all("serving.knative.dev/v1", "Service", "a").count(),
            1
        );
    }

    #[test]
    fn what_an_owner_owns_follows_what_objects_say() {
        let owned = |name: &str, owner: &str| {
            let mut pod = pod("a", name);
            pod["metadata"]["ownerReferences"] = json!([{"uid": owner}]);
            pod
        };
        let mut store = Store::default();
        for (name, owner) in [("1", "x"), ("2", "x"), ("3", "y")] {
            store.set(owned(name, owner));
        }
        let names = |store: &Store, uid: &str| -> Vec<String> {
            let pods = store.owned(uid, "v1", "Pod");
            pods.map(|pod| key_of(pod).name).collect()
        };
        assert_eq!(names(&store, "x"), ["1", "2"]);
        assert_eq!(store.owned("x", "apps/v1", "ReplicaSet").count(), 0);
        store.set(owned("2", "y"));
        store.remove(&owned("1", "x"));
        assert_eq!(names(&store, "x"), [""; 0]);
        assert_eq!(names(&store, "y"), ["2", "3"]);
    }

    #[test]
    fn items_of_a_list_get_their_kind() {
        let items = typed_items(
            json!({"items": [{"metadata": {"name": "a"}}]}),
            &Resource::pods(),
        );
        assert_eq!(items[0]["kind"], "Pod");
        assert_eq!(items[0]["apiVersion"], "v1");
    }
}
