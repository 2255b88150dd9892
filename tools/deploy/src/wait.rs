//! Waits until objects are ready, by watching, and gives up early where waiting cannot help.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use windlass_k8s_object::Namespace;

use crate::api_error::ApiError;
use crate::cluster::{Cluster, Resource, Resources, Selector};
use crate::desired::{Desired, DesiredObject, ENVIRONMENT_LABEL};
use crate::error::Error;
use crate::explain::gather;
use crate::patience::{Moment, Patience, follows};
use crate::policy::ReadyWhen;
use crate::problem::{Problem, Revision, failed_creations, problems, replica_sets};
use crate::ready::{
    Readiness, Surroundings, endpoint_slices, readiness_among, replicas, storage_classes,
};
use crate::watch::{Need, Store, Watched, Watcher};

/// How long nothing is shown at the most, while it is not known yet how things stand.
const FIRST_LOOK: Duration = Duration::from_secs(1);

/// How long what has failed may go unsaid at the most, while what tells why is not read yet.
const EVIDENCE: Duration = Duration::from_secs(10);

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
    pub fn of(object: &Value, ready_when: &[ReadyWhen], around: Surroundings<'_>) -> Self {
        Self {
            readiness: readiness_among(object, ready_when, around),
            replicas: replicas(object),
        }
    }

    /// That of an object whose turn has not come.
    pub fn unwritten() -> Self {
        Self {
            readiness: Readiness::InProgress("not written yet".to_owned()),
            replicas: None,
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
    /// All that is wanted.
    pub desired: &'a Desired,
    /// The groups that are waited for, in order; the others have had their turn, or will.
    pub groups: &'a [usize],
    /// How long.
    pub timeout: Duration,
}

impl Wait<'_> {
    /// Waits until all of the groups are ready. `objects` are as they were last seen, null for those
    /// that are not written yet, and are kept up to date; `show` is called whenever something may
    /// have changed, and once a second.
    ///
    /// # Errors
    /// An object will not become ready, or is not in time: the lowest one of the graph. Or we may
    /// not read what has to be watched.
    pub async fn until_ready(
        &self,
        objects: &mut [Value],
        mut show: impl FnMut(&[Status]),
    ) -> Result<(), Error> {
        let started = Instant::now();
        let mut statuses = self.statuses(objects, &Store::default());
        if self.is_done(&statuses) {
            show(&statuses);
            return Ok(());
        }
        let mut watcher = Watcher::start(self.cluster, self.watched(&statuses));
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        let mut patience = Patience::default();
        loop {
            tokio::select! {
                () = watcher.changed() => {}
                _ = tick.tick() => {}
            }
            self.refresh(&watcher, objects, &mut statuses);
            if watcher.is_complete() || started.elapsed() >= FIRST_LOOK {
                show(&statuses);
            }
            if self.is_done(&statuses) {
                return Ok(());
            }
            if let Some((what, error)) = watcher.refusal() {
                return Err(Error::Watch {
                    what,
                    context: self.context.to_owned(),
                    source: Box::new(error.clone()),
                });
            }
            if !watcher.is_complete() && started.elapsed() < EVIDENCE.min(self.timeout) {
                continue;
            }
            let awaited = self.awaited(&statuses);
            let moment = Moment {
                desired: self.desired,
                objects,
                statuses: &awaited,
                store: &watcher.store,
                now: Instant::now().into_std(),
            };
            if let Some((at, problem)) = patience.hopeless(moment) {
                let explanation = self.explain(at, &statuses[at], problem).await;
                let kubectl = self.kubectl.to_owned();
                return Err(Error::Rollout {
                    explanation: Box::new(explanation),
                    kubectl,
                });
            }
            if started.elapsed() >= self.timeout {
                return Err(self.timed_out(objects, &statuses, &watcher).await);
            }
        }
    }

    /// How far each object is.
    fn statuses(&self, objects: &[Value], store: &Store) -> Vec<Status> {
        let around = Surroundings {
            store,
            run: objects,
        };
        let pairs = self.desired.objects.iter().zip(objects);
        let status = |(desired, object): (&DesiredObject, &Value)| match object {
            Value::Null => Status::unwritten(),
            object => Status::of(object, &desired.policy.ready_when, around),
        };
        pairs.map(status).collect()
    }

    /// Whether an object is waited for.
    fn is_awaited(&self, at: usize) -> bool {
        let group = self.desired.objects[at].group;
        self.groups.binary_search(&group).is_ok()
    }

    fn is_done(&self, statuses: &[Status]) -> bool {
        let mut open = (0..statuses.len()).filter(|at| !statuses[*at].is_current());
        !open.any(|at| self.is_awaited(at))
    }

    /// How far each object is that is waited for; the others count as ready.
    fn awaited(&self, statuses: &[Status]) -> Vec<Status> {
        let mut awaited = statuses.to_vec();
        for (at, status) in awaited.iter_mut().enumerate() {
            if !self.is_awaited(at) {
                status.readiness = Readiness::Current;
            }
        }
        awaited
    }

    /// One list and watch for each kind and namespace with an object that is not ready, and for
    /// what is around them.
    fn watched(&self, statuses: &[Status]) -> Vec<Watched> {
        let mut watched: BTreeMap<(Resource, Option<String>), (Selector, Need)> = BTreeMap::new();
        let environment = format!("{ENVIRONMENT_LABEL}={}", self.desired.environment.name);
        for (at, (desired, status)) in self.desired.objects.iter().zip(statuses).enumerate() {
            let object = &desired.object;
            let Some(resource) = self.resources.of(object.api_version(), object.kind()) else {
                continue;
            };
            if status.is_current() || !self.is_awaited(at) {
                continue;
            }
            let namespace = object.key().namespace.as_ref();
            let namespace = namespace.map(|namespace| namespace.as_str().to_owned());
            let labels = Selector {
                labels: Some(environment.clone()),
                fields: None,
            };
            watched
                .entry((resource.clone(), namespace.clone()))
                .or_insert((labels, Need::Must));
            for around in watched_around(desired) {
                watched.insert(
                    (around.resource, around.namespace),
                    (around.selector, around.need),
                );
            }
        }
        let one = |((resource, namespace), (selector, need))| Watched {
            resource,
            namespace,
            selector,
            need,
        };
        watched.into_iter().map(one).collect()
    }

    fn refresh(&self, watcher: &Watcher, objects: &mut [Value], statuses: &mut Vec<Status>) {
        let mut gone = Vec::new();
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
                }
            } else if self.is_awaited(at) && watcher.is_complete() && !statuses[at].is_current() {
                gone.push(at);
            }
        }
        *statuses = self.statuses(objects, &watcher.store);
        for at in gone {
            let gone = "somebody deleted it".to_owned();
            statuses[at] = Status {
                readiness: Readiness::InProgress(gone),
                replicas: None,
            };
        }
    }

    async fn timed_out(&self, objects: &[Value], statuses: &[Status], watcher: &Watcher) -> Error {
        let open = self.lowest_open(objects, statuses);
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

    /// The first object of the lowest group that is not ready; one that only follows others comes
    /// after these.
    fn lowest_open(&self, objects: &[Value], statuses: &[Status]) -> usize {
        let open = (0..statuses.len()).filter(|at| !statuses[*at].is_current());
        let open = open.filter(|at| self.is_awaited(*at));
        let place = |at: &usize| {
            let group = self.desired.objects[*at].group;
            (group, follows(&objects[*at]), *at)
        };
        open.min_by_key(place).unwrap_or_default()
    }

    async fn explain(
        &self,
        at: usize,
        status: &Status,
        problem: Option<Problem>,
    ) -> crate::explain::Explanation {
        let key = self.desired.objects[at].object.key();
        gather(self.cluster, key, &status.readiness, problem).await
    }
}

/// What is to be watched around an object that is not ready.
fn watched_around(desired: &DesiredObject) -> Vec<Watched> {
    let key = desired.object.key();
    let Some(namespace) = &key.namespace else {
        return Vec::new();
    };
    let of = |resource: Resource, need: Need| Watched {
        resource,
        namespace: Some(namespace.as_str().to_owned()),
        selector: Selector::default(),
        need,
    };
    let mut around = vec![
        of(Resource::pods(), Need::Must),
        of(replica_sets(), Need::Must),
    ];
    match (key.group.as_str(), key.kind.as_str()) {
        ("", "Service") => around.push(of(endpoint_slices(), Need::Helps)),
        ("", "PersistentVolumeClaim") => around.push(Watched {
            namespace: None,
            ..of(storage_classes(), Need::Helps)
        }),
        ("apps" | "batch", _) => {
            let (events, selector) = failed_creations();
            around.push(Watched {
                selector,
                ..of(events, Need::Helps)
            });
        }
        _ => {}
    }
    around
}

/// `cannot read pods in `alice`: Connection refused (os error 111)`.
pub fn unread(what: &str, error: &ApiError) -> String {
    format!("cannot read {what}: {error}")
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
