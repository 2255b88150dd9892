//! One run at a time changes a group: a Lease for each group that a plan writes to.
//!
//! The protocol is that of leader election in Kubernetes (`k8s.io/client-go/tools/leaderelection`):
//! whoever holds the lease renews it; whoever sees that it was not renewed for its duration, by its
//! own clock, may take it. A run that ends gives its leases back. One that was killed is waited for
//! as long as a lease lasts, and no longer.
//!
//! **Architecture invariant:** beside [`crate::apply`], [`crate::remove`] and [`crate::record`] this
//! is the only module that writes to a cluster, and it writes nothing but leases.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::api_error::ApiError;
use crate::cluster::{Cluster, Resource, create_request, release_request, update_request};
use crate::inventory::InventoryId;

/// How long it may take to give leases back.
const RELEASE: Duration = Duration::from_secs(3);

/// How leases are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long one lasts without being renewed; whole seconds.
    pub duration: Duration,
    /// How often it is renewed, and looked at by those who wait for it.
    pub renewal: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            duration: Duration::from_secs(15),
            renewal: Duration::from_secs(3),
        }
    }
}

/// Whether anybody else can have changed a group since a run has looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// Nobody held the lease.
    Free,
    /// Somebody did.
    Waited,
}

/// Why a lease cannot be had.
#[derive(Debug)]
pub enum LeaseError {
    /// Somebody else holds it.
    Held {
        /// Who.
        holder: String,
    },
    /// The API server refuses.
    Api(ApiError),
}

/// A lease at one moment.
#[derive(Debug)]
pub struct Sighting {
    lease: Option<Value>,
    at: Instant,
}

impl Sighting {
    /// A lease as it was read just now; `None` if there is none.
    pub fn of(lease: Option<Value>) -> Self {
        let at = Instant::now();
        Self { lease, at }
    }
}

impl From<ApiError> for LeaseError {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

/// The leases of one run.
#[derive(Debug)]
pub struct Leases {
    holder: String,
    terms: Terms,
    held: Mutex<Vec<Held>>,
    lost: watch::Sender<Option<InventoryId>>,
}

/// One lease, renewed until this is released or dropped.
#[derive(Debug)]
struct Held {
    cluster: Cluster,
    id: InventoryId,
    /// As it was last written.
    lease: Arc<tokio::sync::Mutex<Value>>,
    renewal: JoinHandle<()>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

impl Leases {
    /// None yet. `holder` is what others are told.
    pub fn new(holder: String, terms: Terms) -> Self {
        Self {
            holder,
            terms,
            held: Mutex::default(),
            lost: watch::Sender::new(None),
        }
    }

    /// How long even those wait who do not want to: whoever was killed holds a lease as long.
    pub fn least_patience(&self) -> Duration {
        self.terms.duration + self.terms.renewal
    }

    async fn sight(cluster: &Cluster, id: &InventoryId) -> Result<Sighting, LeaseError> {
        let kind = Resource::leases();
        let lease = cluster.get(&kind, Some(&id.namespace), &id.name).await?;
        Ok(Sighting::of(lease))
    }

    /// Takes the lease of a group, which was as `sighting` says, if nobody has it. Tells whether it
    /// was taken.
    ///
    /// # Errors
    /// The API server refuses.
    pub async fn attempt(
        &self,
        cluster: &Cluster,
        id: &InventoryId,
        sighting: &Sighting,
    ) -> Result<bool, LeaseError> {
        let is_held = |lease: &Value| self.other_holder(lease).is_some();
        if sighting.lease.as_ref().is_some_and(is_held) {
            return Ok(false);
        }
        self.write(cluster, id, sighting.lease.as_ref()).await
    }

    /// Writes a lease as ours, as it was read or anew; tells whether nobody was quicker.
    async fn write(
        &self,
        cluster: &Cluster,
        id: &InventoryId,
        found: Option<&Value>,
    ) -> Result<bool, LeaseError> {
        let kind = Resource::leases();
        let request = match found {
            None => create_request(&kind, &id.namespace, &self.lease(id)),
            Some(lease) => update_request(&kind, &id.namespace, &id.name, &self.taken(lease)),
        };
        let request = request?;
        let since = Instant::now();
        match cluster.send(&request).await {
            Ok(lease) => {
                self.hold(cluster, id, lease, since);
                Ok(true)
            }
            Err(ApiError::Status { code: 409, .. }) => Ok(false),
            // Whoever had it has given it back meanwhile.
            Err(error) if found.is_some() && error.is_not_found() => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the lease of a group, which was as `first` says, if that is known; waits for it until
    /// `deadline`, and calls `waits` with whom it waits for.
    ///
    /// # Errors
    /// Somebody else holds it at the deadline, or the API server refuses.
    pub async fn take(
        &self,
        cluster: &Cluster,
        id: &InventoryId,
        first: Option<Sighting>,
        deadline: Instant,
        mut waits: impl FnMut(&str),
    ) -> Result<Passed, LeaseError> {
        let mut passed = Passed::Free;
        let mut first = first;
        let mut seen: Option<(Value, Instant)> = None;
        loop {
            let Sighting { lease: found, at } = match first.take() {
                Some(first) => first,
                None => Self::sight(cluster, id).await?,
            };
            if let Some(lease) = &found {
                let version = lease["metadata"]["resourceVersion"].clone();
                if seen.as_ref().is_none_or(|(last, _)| *last != version) {
                    seen = Some((version, at));
                }
                let since = seen.as_ref().map_or(at, |(_, since)| *since);
                if let Some(holder) = self.other_holder(lease)
                    && since.elapsed() < duration_of(lease)
                {
                    passed = Passed::Waited;
                    if Instant::now() >= deadline {
                        let holder = holder.to_owned();
                        return Err(LeaseError::Held { holder });
                    }
                    waits(holder);
                    tokio::time::sleep(self.terms.renewal).await;
                    continue;
                }
            }
            if self.write(cluster, id, found.as_ref()).await? {
                return Ok(passed);
            }
            // Somebody was quicker.
            passed = Passed::Waited;
        }
    }

    /// Who holds a lease, if it is not this run.
    fn other_holder<'a>(&self, lease: &'a Value) -> Option<&'a str> {
        let holder = lease["spec"]["holderIdentity"].as_str().unwrap_or_default();
        (!holder.is_empty() && holder != self.holder).then_some(holder)
    }

    fn lease(&self, id: &InventoryId) -> Value {
        let now = now();
        json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": id.name, "namespace": id.namespace,
                "labels": {crate::desired::MANAGED_BY_LABEL: "windlass"}},
            "spec": {"holderIdentity": self.holder, "acquireTime": now, "renewTime": now,
                "leaseDurationSeconds": self.terms.duration.as_secs(), "leaseTransitions": 0}})
    }

    /// A lease that is there, as ours.
    fn taken(&self, lease: &Value) -> Value {
        let mut lease = lease.clone();
        let spec = &mut lease["spec"];
        let transitions = spec["leaseTransitions"].as_u64().unwrap_or(0);
        spec["leaseTransitions"] = json!(transitions + 1);
        spec["holderIdentity"] = json!(self.holder);
        spec["leaseDurationSeconds"] = json!(self.terms.duration.as_secs());
        for time in ["acquireTime", "renewTime"] {
            spec[time] = now();
        }
        lease
    }

    /// Renews a lease from now on; `since` is when it was asked for.
    fn hold(&self, cluster: &Cluster, id: &InventoryId, lease: Value, since: Instant) {
        let lease = Arc::new(tokio::sync::Mutex::new(lease));
        let renewal = tokio::spawn(renew(
            cluster.clone(),
            id.clone(),
            lease.clone(),
            since,
            self.terms,
            self.lost.clone(),
        ));
        self.held().push(Held {
            cluster: cluster.clone(),
            id: id.clone(),
            lease,
            renewal,
        });
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Vec<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until somebody else has taken a lease of this run, or it could not be renewed in time.
    pub async fn lost(&self) -> InventoryId {
        let mut lost = self.lost.subscribe();
        let id = lost.wait_for(Option::is_some).await;
        let id = id.ok().and_then(|id| id.clone());
        match id {
            Some(id) => id,
            // The sender is in self.
            None => std::future::pending().await,
        }
    }

    /// The groups whose leases are held.
    pub fn groups(&self) -> BTreeSet<InventoryId> {
        self.held().iter().map(|held| held.id.clone()).collect()
    }

    /// Gives all leases back: nothing of them is left. What fails is left to run out.
    pub async fn release(&self) {
        let held = std::mem::take(&mut *self.held());
        let releases = held.into_iter().map(|held| async move {
            // Whoever has the lock is not in the middle of a renewal, which would change the lease.
            let lease = held.lease.lock().await;
            held.renewal.abort();
            let InventoryId { namespace, name } = &held.id;
            // As it was written by us: another one's is not ours to give back.
            if let Ok(request) = release_request(&Resource::leases(), namespace, name, &lease) {
                let _ = held.cluster.asking_once().send(&request).await;
            }
        });
        // Somebody may have typed Ctrl-C because nothing answers.
        let _ = tokio::time::timeout(RELEASE, futures::future::join_all(releases)).await;
    }
}

/// Renews a lease, last written after `renewed`, until it is lost.
async fn renew(
    cluster: Cluster,
    id: InventoryId,
    lease: Arc<tokio::sync::Mutex<Value>>,
    mut renewed: Instant,
    terms: Terms,
    lost: watch::Sender<Option<InventoryId>>,
) {
    let cluster = cluster.asking_once();
    loop {
        tokio::time::sleep(terms.renewal).await;
        let mut lease = lease.lock().await;
        let mut next = lease.clone();
        next["spec"]["renewTime"] = now();
        let request = update_request(&Resource::leases(), &id.namespace, &id.name, &next);
        let Ok(request) = request else { return };
        let left = terms.duration.saturating_sub(renewed.elapsed());
        // Others count from the write, which is not before this.
        let asked = Instant::now();
        match tokio::time::timeout(left, cluster.send(&request)).await {
            Ok(Ok(answer)) => {
                *lease = answer;
                renewed = asked;
            }
            Ok(Err(ApiError::Status { code: 409, .. })) => {
                // A renewal whose answer was lost, somebody's label, or somebody else's lease.
                match still_ours(&cluster, &id, &lease).await {
                    Some(found) => *lease = found,
                    None => break,
                }
            }
            Ok(Err(ApiError::Status { code: 404, .. })) => break,
            // It may answer the next time.
            Ok(Err(_)) if renewed.elapsed() < terms.duration => {}
            Ok(Err(_)) | Err(_) => break,
        }
    }
    lost.send_replace(Some(id));
}

/// A lease as it is now, if whoever holds it is who held it.
async fn still_ours(cluster: &Cluster, id: &InventoryId, lease: &Value) -> Option<Value> {
    let kind = Resource::leases();
    let found = cluster.get(&kind, Some(&id.namespace), &id.name).await;
    let found = found.ok().flatten()?;
    (found["spec"]["holderIdentity"] == lease["spec"]["holderIdentity"]).then_some(found)
}

/// How long a lease lasts.
fn duration_of(lease: &Value) -> Duration {
    let seconds = lease["spec"]["leaseDurationSeconds"].as_u64();
    seconds.map_or(Terms::default().duration, Duration::from_secs)
}

fn now() -> Value {
    json!(MicroTime(Timestamp::now()))
}
