//! What is there, kept up to date: one list and one watch per kind and namespace.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt as _;
use kube::api::WatchEvent;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::api_error::ApiError;
use crate::cluster::{Cluster, Resource, Selector, typed_items};

/// Some objects of one kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Watched {
    /// The kind.
    pub resource: Resource,
    /// The namespace; `None` for kinds that are in none.
    pub namespace: Option<String>,
    /// Which of them.
    pub selector: Selector,
    /// What it means if we may not read them.
    pub need: Need,
}

/// What it means if we may not read what is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// There is no use in waiting.
    Must,
    /// Less is known; see [`Knowledge::Refused`].
    Helps,
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

/// What is known of the objects of one kind in one namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knowledge {
    /// Nothing yet.
    Nothing,
    /// All that there are.
    All,
    /// Nothing, and that stays so: we may not read them.
    Refused,
}

/// `apiVersion`, kind and namespace; the latter empty for none.
type Place = (String, String, String);

/// Objects as they were last seen.
#[derive(Clone, Debug, Default)]
pub struct Store {
    objects: BTreeMap<StoreKey, Value>,
    known: BTreeMap<Place, Knowledge>,
}

fn place(resource: &Resource, namespace: Option<&str>) -> Place {
    let Resource {
        api_version, kind, ..
    } = resource;
    let namespace = namespace.unwrap_or_default().to_owned();
    (api_version.clone(), kind.clone(), namespace)
}

impl Store {
    /// What is known of a kind in a namespace.
    pub fn knowledge(&self, resource: &Resource, namespace: Option<&str>) -> Knowledge {
        let known = self.known.get(&place(resource, namespace));
        known.copied().unwrap_or(Knowledge::Nothing)
    }

    /// Notes that a kind may not be read in a namespace.
    pub fn refuse(&mut self, resource: &Resource, namespace: Option<&str>) {
        let place = place(resource, namespace);
        self.known.insert(place, Knowledge::Refused);
    }

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
        let from = self.objects.range(first..);
        from.take_while(move |(key, _)| ours(key))
            .map(|(_, object)| object)
    }

    /// Puts an object in.
    pub fn set(&mut self, object: Value) {
        self.objects.insert(key_of(&object), object);
    }

    /// Puts a list in: all that there is of a kind in a namespace.
    pub fn add(&mut self, mut list: Value, resource: &Resource, namespace: Option<&str>) {
        let place = place(resource, namespace);
        self.known.insert(place, Knowledge::All);
        for item in typed_items(&mut list, resource) {
            self.set(item);
        }
    }

    fn remove(&mut self, object: &Value) {
        self.objects.remove(&key_of(object));
    }

    fn replace_all(&mut self, watched: &Watched, items: Vec<Value>) {
        let namespace = watched.namespace.as_deref().unwrap_or_default();
        let Resource {
            api_version, kind, ..
        } = &watched.resource;
        let theirs = |key: &StoreKey| {
            key.api_version != *api_version || key.kind != *kind || key.namespace != namespace
        };
        self.objects.retain(|key, _| theirs(key));
        let place = place(&watched.resource, watched.namespace.as_deref());
        self.known.insert(place, Knowledge::All);
        for item in items {
            self.set(item);
        }
    }
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

    /// Whether every kind was listed once, so that what is not in the store is not there. Kinds
    /// that only help and may not be read do not count.
    pub fn is_complete(&self) -> bool {
        let is_known = |watched: &Watched| {
            let Watched {
                resource,
                namespace,
                ..
            } = watched;
            self.store.knowledge(resource, namespace.as_deref()) != Knowledge::Nothing
        };
        self.watched.iter().all(is_known)
    }

    /// Whether what `watched` selects was listed once.
    pub fn has_listed(&self, watched: &Watched) -> bool {
        let mut all = self.watched.iter().zip(&self.listed);
        all.any(|(one, listed)| one == watched && *listed)
    }

    /// What we must read and may not: no waiting will change that.
    pub fn refusal(&self) -> Option<(String, &ApiError)> {
        self.failed().find(|(_, error)| is_refusal(error))
    }

    /// What cannot be read at this moment.
    pub fn trouble(&self) -> Option<(String, &ApiError)> {
        self.failed().next()
    }

    fn failed(&self) -> impl Iterator<Item = (String, &ApiError)> {
        let failed = |(watched, error)| {
            let (watched, error): (&Watched, _) = (watched, Option::as_ref(error)?);
            let matters = watched.need == Need::Must || !is_refusal(error);
            matters.then(|| (watched.what(), error))
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
            Change::Failed { watched, error } => {
                if is_refusal(&error) {
                    let Watched {
                        resource,
                        namespace,
                        ..
                    } = &self.watched[watched];
                    self.store.refuse(resource, namespace.as_deref());
                }
                self.errors[watched] = Some(error);
            }
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
        ..
    } = watched;
    let namespace = namespace.as_deref();
    let mut list = match cluster.list(resource, namespace, selector).await {
        Ok(list) => list,
        Err(error) => return Ok(Err(error)),
    };
    let version = list["metadata"]["resourceVersion"].as_str();
    let version = version.unwrap_or("0").to_owned();
    let listed = Change::Listed {
        watched: index,
        items: typed_items(&mut list, resource),
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
            need: Need::Must,
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
            need: Need::Must,
        };
        store.replace_all(&watched, Vec::new());
        assert_eq!(store.get("v1", "Service", "a", "b"), None);
        assert_eq!(
            store.all("serving.knative.dev/v1", "Service", "a").count(),
            1
        );
    }

    #[test]
    fn items_of_a_list_get_their_kind() {
        let mut list = json!({"items": [{"metadata": {"name": "a"}}]});
        let items = typed_items(&mut list, &Resource::pods());
        assert_eq!(items[0]["kind"], "Pod");
        assert_eq!(items[0]["apiVersion"], "v1");
    }
}
