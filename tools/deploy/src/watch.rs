//! What is there, kept up to date: one list and one watch per kind and namespace.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt as _;
use kube::api::WatchEvent;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

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

/// Where an object stands in a [`Store`]: kind, namespace (empty for none), name.
pub type StoreKey = (String, String, String);

/// Objects as they were last seen.
#[derive(Clone, Debug, Default)]
pub struct Store(BTreeMap<StoreKey, Value>);

impl Store {
    /// One object.
    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<&Value> {
        self.0
            .get(&(kind.to_owned(), namespace.to_owned(), name.to_owned()))
    }

    /// All objects of a kind in a namespace.
    pub fn all<'a>(&'a self, kind: &'a str, namespace: &'a str) -> impl Iterator<Item = &'a Value> {
        let ours = move |key: &StoreKey| key.0 == kind && key.1 == namespace;
        self.0
            .iter()
            .filter(move |(key, _)| ours(key))
            .map(|(_, object)| object)
    }

    /// Puts an object in.
    pub fn set(&mut self, object: Value) {
        self.0.insert(key_of(&object), object);
    }

    fn remove(&mut self, object: &Value) {
        self.0.remove(&key_of(object));
    }

    fn replace_all(&mut self, watched: &Watched, items: Vec<Value>) {
        let namespace = watched.namespace.as_deref().unwrap_or_default();
        self.0
            .retain(|key, _| key.0 != watched.resource.kind || key.1 != namespace);
        for item in items {
            self.set(item);
        }
    }
}

fn key_of(object: &Value) -> StoreKey {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &object["metadata"];
    (
        text(&object["kind"]),
        text(&metadata["namespace"]),
        text(&metadata["name"]),
    )
}

enum Change {
    Listed { watched: usize, items: Vec<Value> },
    Set(Value),
    Removed(Value),
}

/// Watches that run until this is dropped.
pub struct Watcher {
    watched: Vec<Watched>,
    listed: Vec<bool>,
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
        Self {
            watched,
            listed,
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
            // Every watch has ended, which none does by itself.
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

    fn take(&mut self, change: Change) {
        match change {
            Change::Listed { watched, items } => {
                self.listed[watched] = true;
                self.store.replace_all(&self.watched[watched], items);
            }
            Change::Set(object) => self.store.set(object),
            Change::Removed(object) => self.store.remove(&object),
        }
    }
}

/// Lists, then watches from there; from the start again when the watch ends.
async fn follow(cluster: Cluster, watched: Watched, index: usize, sender: mpsc::Sender<Change>) {
    let Watched {
        resource,
        namespace,
        selector,
    } = &watched;
    loop {
        // A failed list or watch is tried again: what depends on it has its own time limit.
        let Ok(list) = cluster.list(resource, namespace.as_deref(), selector).await else {
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        };
        let version = list["metadata"]["resourceVersion"]
            .as_str()
            .unwrap_or("0")
            .to_owned();
        let items = typed_items(list, resource);
        if sender
            .send(Change::Listed {
                watched: index,
                items,
            })
            .await
            .is_err()
        {
            return;
        }
        let events = cluster
            .watch(resource, namespace.as_deref(), selector, &version)
            .await;
        let Ok(events) = events else {
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        };
        let mut events = std::pin::pin!(events);
        while let Some(Ok(event)) = events.next().await {
            let change = match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => Change::Set(object),
                WatchEvent::Deleted(object) => Change::Removed(object),
                WatchEvent::Bookmark(_) => continue,
                WatchEvent::Error(_) => break,
            };
            if sender.send(change).await.is_err() {
                return;
            }
        }
    }
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
        assert!(store.get("Pod", "a", "1").is_none());
        assert!(store.get("Pod", "a", "3").is_some());
        assert_eq!(store.all("Pod", "b").count(), 1);
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
