//! All requests: each that is not over is followed, several at a time.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use kube::api::WatchEvent;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use windlass_api_client::Needs;
use windlass_apply_request::{API_VERSION, KIND, PLURAL};
use windlass_deploy::api_error::ApiError;
use windlass_deploy::cluster::{Cluster, Reach, Resource, Retry, Selector};
use windlass_deploy::environment::ProcessEnvironment;
use windlass_deploy::in_cluster;
use windlass_report::say;

use crate::error::Error;
use crate::follow::{End, follow};
use crate::keep::superfluous;
use crate::request::Request;
use crate::writes;

/// How many requests of one namespace are followed at one time. Those of others do not wait for them.
const CONCURRENCY: usize = 32;

/// How many logs are read while they are written. Each has a stream for as long, of which a connection
/// takes 100, and all else that is asked needs some, too.
pub(crate) const STREAMS: usize = 64;

/// How often the runner looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Between two looks at a Job.
    pub look: Duration,
    /// Between two lists of all requests, where a watch has ended.
    pub pause: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(1),
            pause: Duration::from_secs(2),
        }
    }
}

/// The runner of a cluster. Clones are the same one.
#[derive(Clone)]
pub struct Runner {
    pub(crate) client: kube::Client,
    pub(crate) cluster: Cluster,
    pub(crate) terms: Terms,
    /// The uids of requests that are followed.
    followed: Arc<Mutex<HashSet<String>>>,
    /// By namespace.
    permits: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
    pub(crate) streams: Arc<Semaphore>,
}

impl Runner {
    /// The runner of the cluster that this pod is in.
    ///
    /// # Errors
    /// This is no pod, or one without a service account.
    pub fn in_cluster(environment: &ProcessEnvironment, terms: Terms) -> Result<Self, Error> {
        let found = in_cluster::find(environment).map_err(|error| Error::Place(Box::new(error)))?;
        Self::connect(found.config, terms)
    }

    /// The runner of the cluster that a configuration leads to.
    pub(crate) fn connect(config: kube::Config, terms: Terms) -> Result<Self, Error> {
        let client = windlass_api_client::client(config, Needs::Requests);
        let client = client.map_err(|error| Error::Account(error.into()))?;
        Ok(Self::new(client, Retry::USUAL, terms))
    }

    /// The runner of the cluster behind a client.
    pub(crate) fn new(client: kube::Client, retry: Retry, terms: Terms) -> Self {
        Self {
            cluster: Cluster::new(client.clone(), retry),
            client,
            terms,
            followed: Arc::default(),
            permits: Arc::default(),
            streams: Arc::new(Semaphore::new(STREAMS)),
        }
    }

    /// Serves requests, for ever. What is followed is let go when this is dropped.
    pub async fn serve(&self) {
        say("waiting for requests");
        let mut tasks = JoinSet::new();
        loop {
            if let Err(error) = self.turn(&mut tasks).await {
                say(&format!("cannot read requests: {error}"));
            }
            tokio::time::sleep(self.terms.pause).await;
        }
    }

    /// Takes up the requests that there are, and those that come until the watch ends.
    async fn turn(&self, tasks: &mut JoinSet<()>) -> Result<(), ApiError> {
        let kind = Resource::built_in(API_VERSION, KIND, PLURAL, Reach::Namespaced);
        let all = Selector::default();
        let list = self.cluster.list(&kind, None, &all).await?;
        let items = list["items"].as_array().into_iter().flatten();
        let requests: Vec<Request> = items.filter_map(read).collect();
        for old in superfluous(&requests) {
            if let Err(error) = writes::delete(&self.client, old).await {
                say(&format!("{}: cannot delete it: {error}", old.title()));
            }
        }
        // What has ended takes no room.
        while tasks.try_join_next().is_some() {}
        for request in requests {
            self.take(request, tasks);
        }
        let version = list["metadata"]["resourceVersion"].as_str();
        let events = self
            .cluster
            .watch(&kind, None, &all, version.unwrap_or_default())
            .await?;
        let mut events = std::pin::pin!(events);
        while let Some(event) = events.next().await {
            match event? {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    if let Some(request) = read(&object) {
                        self.take(request, tasks);
                    }
                }
                // What has been missed is in the next list.
                WatchEvent::Error(_) => return Ok(()),
                WatchEvent::Deleted(_) | WatchEvent::Bookmark(_) => {}
            }
        }
        Ok(())
    }

    /// Follows a request, unless it is over or followed already.
    fn take(&self, request: Request, tasks: &mut JoinSet<()>) {
        if request.status.phase.is_over() {
            return;
        }
        let Some(taken) = Taken::new(&self.followed, &request.uid) else {
            return;
        };
        let runner = self.clone();
        let permits = self.permits_of(&request.namespace);
        tasks.spawn(async move {
            let _taken = taken;
            // Never closed, so this waits for a permit and does not fail.
            let _permit = permits.acquire().await;
            let title = request.title();
            say(&format!("{title}: {}", request.spec.bundle));
            match follow(&runner, &request).await {
                End::Over(phase) => say(&format!("{title}: {phase:?}")),
                End::Gone => say(&format!("{title}: somebody has deleted it")),
                End::Unsaid => {}
            }
        });
    }

    fn permits_of(&self, namespace: &str) -> Arc<Semaphore> {
        let mut permits = lock(&self.permits);
        let own = permits.entry(namespace.to_owned());
        own.or_insert_with(|| Arc::new(Semaphore::new(CONCURRENCY)))
            .clone()
    }
}

/// Reads a request; one that is not as its definition says is passed over, and said.
fn read(object: &Value) -> Option<Request> {
    let request = Request::of(object);
    if let Err(error) = &request {
        say(&format!("cannot read a request: {error}"));
    }
    request.ok()
}

/// A request that is followed, until this is dropped.
struct Taken {
    followed: Arc<Mutex<HashSet<String>>>,
    uid: String,
}

impl Taken {
    /// `None` if it is followed already.
    fn new(followed: &Arc<Mutex<HashSet<String>>>, uid: &str) -> Option<Self> {
        let is_new = lock(followed).insert(uid.to_owned());
        is_new.then(|| Self {
            followed: followed.clone(),
            uid: uid.to_owned(),
        })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        lock(&self.followed).remove(&self.uid);
    }
}

/// A panic elsewhere leaves plain data behind, which is still true.
fn lock<T>(data: &Mutex<T>) -> MutexGuard<'_, T> {
    data.lock().unwrap_or_else(PoisonError::into_inner)
}
