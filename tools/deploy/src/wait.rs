//! Waits until objects are ready, by watching, and gives up early where waiting cannot help.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use windlass_k8s_object::Namespace;

use crate::api_error::ApiError;
use crate::cluster::{Cluster, Reach, Resource, Resources, Selector};
use crate::desired::{Desired, ENVIRONMENT_LABEL};
use crate::error::Error;
use crate::explain::{Outlook, Problem, Revision, gather, problems};
use crate::ready::{Readiness, readiness, replicas};
use crate::watch::{Store, Watched, Watcher};

/// How long a problem that may heal in the first seconds may last.
const PATIENCE: Duration = Duration::from_secs(10);

/// How far one object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its readiness.
    pub readiness: Readiness,
    /// Ready and wanted pods, for kinds that make pods.
    pub replicas: Option<(u64, u64)>,
}

impl Status {
    /// The status of an object as the API server shows it.
    pub fn of(object: &Value) -> Self {
        Self {
            readiness: readiness(object),
            replicas: replicas(object),
        }
    }

    /// Whether it is ready.
    pub fn is_current(&self) -> bool {
        self.readiness == Readiness::Current
    }
}

/// Everything that is needed to wait.
pub struct Wait<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// The kubeconfig context that leads to it, for messages.
    pub context: &'a str,
    /// Its kinds.
    pub resources: &'a Resources,
    /// What a user types for kubectl with it, for hints.
    pub kubectl: &'a str,
    /// What is waited for.
    pub desired: &'a Desired,
    /// How long.
    pub timeout: Duration,
}

impl Wait<'_> {
    /// Waits until all are ready. `last` is each object as it was last seen; `show` is called
    /// whenever something may have changed, and once a second.
    ///
    /// # Errors
    /// An object will not become ready, or is not in time: the lowest one of the graph. Or we may
    /// not read what has to be watched.
    pub async fn until_ready(
        &self,
        last: &[Option<Value>],
        mut show: impl FnMut(&[Status]),
    ) -> Result<(), Error> {
        let started = Instant::now();
        let mut objects: Vec<Value> = last
            .iter()
            .map(|object| object.clone().unwrap_or(Value::Null))
            .collect();
        let mut statuses: Vec<Status> = objects.iter().map(Status::of).collect();
        show(&statuses);
        if statuses.iter().all(Status::is_current) {
            return Ok(());
        }
        let mut watcher = Watcher::start(self.cluster, self.watched(&statuses));
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        let mut since = BTreeMap::new();
        loop {
            tokio::select! {
                () = watcher.changed() => {}
                _ = tick.tick() => {}
            }
            self.refresh(&watcher, &mut objects, &mut statuses);
            show(&statuses);
            if statuses.iter().all(Status::is_current) {
                return Ok(());
            }
            if let Some((what, error)) = watcher.refusal() {
                return Err(Error::Watch {
                    what,
                    context: self.context.to_owned(),
                    source: Box::new(error.clone()),
                });
            }
            if let Some((at, problem)) = hopeless(&objects, &statuses, &watcher.store, &mut since) {
                let explanation = self.explain(at, &statuses[at], problem).await;
                let kubectl = self.kubectl.to_owned();
                return Err(Error::Rollout {
                    explanation: Box::new(explanation),
                    kubectl,
                });
            }
            if started.elapsed() >= self.timeout {
                return Err(self.timed_out(&objects, &statuses, &watcher).await);
            }
        }
    }

    /// One list and watch for each kind and namespace with an object that is not ready, and for
    /// the pods and replica sets around them.
    fn watched(&self, statuses: &[Status]) -> Vec<Watched> {
        let mut watched: BTreeMap<(Resource, Option<String>), Selector> = BTreeMap::new();
        let environment = format!("{ENVIRONMENT_LABEL}={}", self.desired.environment.name);
        let sets = Resource::built_in("apps/v1", "ReplicaSet", "replicasets", Reach::Namespaced);
        for (object, status) in self.desired.objects.iter().zip(statuses) {
            let (object, key) = (&object.object, object.object.key());
            let Some(resource) = self.resources.of(object.api_version(), object.kind()) else {
                continue;
            };
            if status.is_current() {
                continue;
            }
            let namespace = key
                .namespace
                .as_ref()
                .map(|namespace| namespace.as_str().to_owned());
            let labels = Selector {
                labels: Some(environment.clone()),
                fields: None,
            };
            watched
                .entry((resource.clone(), namespace.clone()))
                .or_insert(labels);
            if namespace.is_some() {
                for around in [Resource::pods(), sets.clone()] {
                    watched.insert((around, namespace.clone()), Selector::default());
                }
            }
        }
        let one = |((resource, namespace), selector)| Watched {
            resource,
            namespace,
            selector,
        };
        watched.into_iter().map(one).collect()
    }

    fn refresh(&self, watcher: &Watcher, objects: &mut [Value], statuses: &mut [Status]) {
        for (at, desired) in self.desired.objects.iter().enumerate() {
            let key = desired.object.key();
            let namespace = key.namespace.as_ref().map_or("", Namespace::as_str);
            let seen = watcher.store.get(
                desired.object.api_version().as_str(),
                key.kind.as_str(),
                namespace,
                key.name.as_str(),
            );
            if let Some(object) = seen {
                // A list may be older than our own write; what is the same was looked at already.
                if version(object) > version(&objects[at]) || !same_uid(object, &objects[at]) {
                    objects[at] = object.clone();
                    statuses[at] = Status::of(object);
                }
            } else if watcher.is_complete() && !statuses[at].is_current() {
                let gone = "somebody deleted it".to_owned();
                statuses[at] = Status {
                    readiness: Readiness::InProgress(gone),
                    replicas: None,
                };
            }
        }
    }

    async fn timed_out(&self, objects: &[Value], statuses: &[Status], watcher: &Watcher) -> Error {
        let open = statuses
            .iter()
            .position(|status| !status.is_current())
            .unwrap_or_default();
        let problem = problems(&objects[open], &watcher.store, Revision::Any)
            .into_iter()
            .next();
        let explanation = match watcher.trouble() {
            // What was seen before is old, and this is why.
            Some((what, error)) => {
                let status = Status {
                    readiness: Readiness::InProgress(unread(&what, error)),
                    replicas: None,
                };
                self.explain(open, &status, None).await
            }
            None => self.explain(open, &statuses[open], problem).await,
        };
        Error::Timeout {
            explanation: Box::new(explanation),
            after: self.timeout,
            kubectl: self.kubectl.to_owned(),
        }
    }

    async fn explain(
        &self,
        at: usize,
        status: &Status,
        problem: Option<Problem>,
    ) -> crate::explain::Explanation {
        let says = match &status.readiness {
            Readiness::Current => String::new(),
            Readiness::InProgress(text) | Readiness::Failed(text) => text.clone(),
        };
        gather(
            self.cluster,
            self.desired.objects[at].object.key(),
            says,
            problem,
        )
        .await
    }
}

/// `cannot read pods in `alice`: Connection refused (os error 111)`.
pub fn unread(what: &str, error: &ApiError) -> String {
    format!("cannot read {what}: {error}")
}

/// The first object, from the bottom of the graph, that will not become ready.
fn hopeless(
    objects: &[Value],
    statuses: &[Status],
    store: &Store,
    since: &mut BTreeMap<(String, String), Instant>,
) -> Option<(usize, Option<Problem>)> {
    let mut there = BTreeSet::new();
    let mut found = None;
    for (at, (object, status)) in objects.iter().zip(statuses).enumerate() {
        if status.is_current() {
            continue;
        }
        let worst = problems(object, store, Revision::Newest).into_iter().next();
        let is_hopeless = match &worst {
            Some(problem) if problem.outlook == Outlook::HopelessIfItLasts => {
                // ErrImagePull and ImagePullBackOff take turns: the pod is what lasts.
                let id = (
                    problem.pod.clone(),
                    problem.container.clone().unwrap_or_default(),
                );
                there.insert(id.clone());
                since.entry(id).or_insert_with(Instant::now).elapsed() >= PATIENCE
            }
            Some(problem) => problem.outlook == Outlook::Hopeless,
            None => false,
        };
        let has_failed = matches!(status.readiness, Readiness::Failed(_));
        if found.is_none() && (is_hopeless || has_failed) {
            found = Some((at, worst));
        }
    }
    since.retain(|id, _| there.contains(id));
    found
}

/// Resource versions are opaque, but since Kubernetes 1.35 they are promised to be comparable
/// integers for objects of one kind, which they have always been in fact (KEP-5504).
fn version(object: &Value) -> u128 {
    let version = object["metadata"]["resourceVersion"].as_str();
    version
        .and_then(|version| version.parse().ok())
        .unwrap_or(0)
}

fn same_uid(a: &Value, b: &Value) -> bool {
    a["metadata"]["uid"] == b["metadata"]["uid"]
}
