//! What is there: objects and what a write would make of them, and images.

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use windlass_k8s_object::{Namespace, Object};

use super::{CONCURRENCY, Session};
use crate::api_error::ApiError;
use crate::claim::{Claim, Sets, Takeover, claim};
use crate::cluster::{Conflicts, Resource};
use crate::desired::{Desired, DesiredObject};
use crate::error::Error;
use crate::inventory::Entry;
use crate::order::is_kept;
use crate::plan::{Goal, Live, Presence, Remembered, is_going};
use crate::request::{DeployRequest, Recreate};
use crate::settle::settled;
use crate::store::Store;
use crate::trim::trim;

/// What the API server is asked of each object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Whether it is there.
    Presence,
    /// What a write would make of it, where it is there.
    Write,
    /// Whether it could be made anew.
    Anew,
}

impl Ask {
    /// What a plan has to know.
    pub fn of(goal: Goal) -> Self {
        match goal {
            Goal::Apply => Self::Write,
            Goal::Replace => Self::Anew,
            Goal::Create | Goal::Delete => Self::Presence,
        }
    }

    /// What has to be known of one object: `replace` changes some kinds in place.
    fn for_object(self, object: &Object) -> Self {
        if self == Self::Anew && is_kept(object.key()) {
            Self::Write
        } else {
            self
        }
    }
}

/// Whether an object stands as it was written, by what its group's inventory has of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It does.
    AsWritten,
    /// It does not, or nobody remembers.
    Unknown,
}

/// What is known of an object when the API server is asked.
struct Known {
    /// The object; trimmed if it stands as it was written.
    live: Value,
    claim: Claim,
    standing: Standing,
}

impl Known {
    fn of(desired: &DesiredObject, mut live: Value, entry: Option<&Entry>, sets: &Sets) -> Self {
        let claim = claim(desired, &live, entry, sets);
        let stands = claim == Claim::Ours
            && entry.is_some_and(|entry| entry.matches(&desired.digest(), &live));
        let standing = if stands {
            trim(desired, &mut live);
            Standing::AsWritten
        } else {
            Standing::Unknown
        };
        Self {
            live,
            claim,
            standing,
        }
    }
}

impl Session<'_> {
    /// Reads the objects, within the reach of the environment, and asks of each what the plan has
    /// to know. `groups` is what the cluster remembers of each group.
    pub async fn look(
        &self,
        ask: Ask,
        desired: &Desired,
        groups: &[Remembered],
    ) -> Result<Vec<Live>, Error> {
        self.check_reach(desired)?;
        let resource = |one: &DesiredObject| {
            let object = &one.object;
            self.resources.of(object.api_version(), object.kind())
        };
        let wanted = desired.objects.iter();
        let wanted = wanted.map(|one| Some((resource(one)?, one.object.key())));
        let wanted: Vec<_> = wanted.collect();
        let sets = Sets::of(desired);
        let known = |at: usize, live: Value| {
            let one = &desired.objects[at];
            let entry = groups.get(one.group);
            let entry = entry.and_then(|group| group.inventory.0.get(one.object.key()));
            match ask.for_object(&one.object) {
                Ask::Write => Known::of(one, live, entry, &sets),
                Ask::Presence | Ask::Anew => Known {
                    claim: claim(one, &live, entry, &sets),
                    live,
                    standing: Standing::Unknown,
                },
            }
        };
        let found = self.find(&wanted, known).await?;
        let looks = desired.objects.iter().zip(wanted).zip(found);
        let looks = looks.map(|((one, wanted), known)| {
            self.look_at(ask, one, wanted.map(|(resource, _)| resource), known)
        });
        futures::stream::iter(looks)
            .buffered(CONCURRENCY)
            .try_collect()
            .await
    }

    async fn look_at(
        &self,
        ask: Ask,
        desired: &DesiredObject,
        resource: Option<&Resource>,
        known: Option<Known>,
    ) -> Result<Live, Error> {
        let object = &desired.object;
        let Some(resource) = resource else {
            return Ok(Live::Missing);
        };
        let Some(known) = known else {
            // What is missing is made by `replace` too, whatever its kind.
            return match ask {
                Ask::Anew => Ok(self.makable(resource, object).await),
                Ask::Presence | Ask::Write => Ok(Live::Missing),
            };
        };
        match ask.for_object(object) {
            Ask::Presence => Ok(Live::Found {
                object: known.live,
                dry_run: None,
            }),
            Ask::Write => self.look_at_write(resource, desired, known).await,
            Ask::Anew => Ok(Live::Found {
                dry_run: Some(self.replaceable(resource, object, &known.live).await),
                object: known.live,
            }),
        }
    }

    /// What happens to fields of others in an object that is there.
    fn conflicts_of(&self, claim: &Claim) -> Conflicts {
        match claim {
            Claim::Foreign(_) if self.options.takeover() == Takeover::Refuse => self.conflicts(),
            claim => claim.conflicts(self.conflicts()),
        }
    }

    /// What a write would make of an object that is there. If it stands as it was written, nobody
    /// has to be asked.
    async fn look_at_write(
        &self,
        resource: &Resource,
        desired: &DesiredObject,
        known: Known,
    ) -> Result<Live, Error> {
        let Known {
            mut live,
            claim,
            standing,
        } = known;
        if standing == Standing::AsWritten {
            return Ok(Live::Recorded(live));
        }
        let conflicts = self.conflicts_of(&claim);
        // What changes between the two reads would look like a change of ours: read again.
        for _ in 0..5 {
            let object = settled(desired, Some(&live));
            let dry_run = self.cluster.dry_run(resource, &object, conflicts).await;
            let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
            match dry_run {
                Ok(result) if version(&result) != version(&live) => {}
                Err(error) if error.is_immutable() && may_recreate(desired) => {
                    return Ok(self.recreatable(resource, desired, live).await);
                }
                dry_run => {
                    return Ok(Live::Found {
                        object: live,
                        dry_run: Some(dry_run),
                    });
                }
            }
            match self.get(resource, desired.object.key()).await? {
                Some(again) => live = again,
                None => return Ok(Live::Missing),
            }
        }
        // It changes all the time. The write itself will tell.
        Ok(Live::Found {
            object: live,
            dry_run: None,
        })
    }

    /// An object that cannot be changed and may be made anew, if the server would do that.
    async fn recreatable(&self, resource: &Resource, desired: &DesiredObject, live: Value) -> Live {
        match self.replaceable(resource, &desired.object, &live).await {
            Ok(_) => Live::Recreatable(live),
            Err(error) => Live::Found {
                object: live,
                dry_run: Some(Err(error)),
            },
        }
    }

    /// The same object, with others' fields taken: what `diff` shows of a conflict.
    pub async fn look_forced(&self, desired: &DesiredObject, live: Live) -> Live {
        let object = &desired.object;
        let resource = self.resources.of(object.api_version(), object.kind());
        let (Some(resource), Live::Found { object: live, .. }) = (resource, live.clone()) else {
            return live;
        };
        let object = settled(desired, Some(&live));
        let dry_run = self.cluster.dry_run(resource, &object, Conflicts::Force);
        Live::Found {
            dry_run: Some(dry_run.await),
            object: live,
        }
    }

    /// Whether an object that is not there could be made. Where its namespace or its kind comes
    /// with the plan, nobody can tell yet.
    async fn makable(&self, resource: &Resource, object: &Object) -> Live {
        let dry_run = self.cluster.dry_run(resource, object, Conflicts::Report);
        match dry_run.await {
            Err(error) if !error.is_not_found() => Live::Unmakable(error),
            Ok(_) | Err(_) => Live::Missing,
        }
    }

    /// Whether an object that is there could be deleted and made anew.
    async fn replaceable(
        &self,
        resource: &Resource,
        object: &Object,
        live: &Value,
    ) -> Result<Value, ApiError> {
        let made = self.makable_anew(resource, object, live).await?;
        let uid = live["metadata"]["uid"].as_str();
        if let Some(uid) = uid.filter(|_| !is_going(live)) {
            let key = object.key();
            let namespace = key.namespace.as_ref().map(Namespace::as_str);
            let name = key.name.as_str();
            let deletion = self
                .cluster
                .dry_run_deletion(resource, namespace, name, uid);
            deletion.await?;
        }
        Ok(made)
    }

    /// Whether an object that is there could be made anew: what a write would make of it says so,
    /// and where that fails on a field which cannot be changed, the dry run of a creation.
    async fn makable_anew(
        &self,
        resource: &Resource,
        object: &Object,
        live: &Value,
    ) -> Result<Value, ApiError> {
        let write = self.cluster.dry_run(resource, object, Conflicts::Force);
        match write.await {
            // Not by the object itself: that may write what it holds.
            Err(error) if error.is_allocated() => return Err(error),
            Err(ApiError::Status { code: 422, .. }) => {}
            result => return result,
        }
        match self.cluster.dry_run_creation(resource, object).await {
            // The fields were looked at before the name.
            Err(ApiError::Status { code: 409, .. }) => Ok(Value::Null),
            // A port or an address that the object itself holds, and lets go.
            Err(error) if error.is_allocated() && holds(live, object.document()) => Ok(Value::Null),
            result => result,
        }
    }
}

/// Whether an object may be deleted and made anew where a field cannot be changed.
fn may_recreate(desired: &DesiredObject) -> bool {
    desired.policy.recreate == Recreate::OnImmutable && !is_kept(desired.object.key())
}

/// Whether a `Service` that is there has all ports and addresses that it is to have.
fn holds(live: &Value, desired: &Value) -> bool {
    fn allocated(service: &Value) -> Vec<&Value> {
        let spec = &service["spec"];
        let ports = spec["ports"].as_array().into_iter().flatten();
        let addresses = spec["clusterIPs"].as_array().into_iter().flatten();
        let single = [&spec["clusterIP"], &spec["healthCheckNodePort"]];
        let all = ports.map(|port| &port["nodePort"]).chain(addresses);
        all.chain(single).filter(|value| !value.is_null()).collect()
    }
    let live = allocated(live);
    let mut desired = allocated(desired).into_iter();
    desired.all(|value| live.contains(&value))
}

/// Asks which images are where they are to be; registries by the tags that keep them there.
pub async fn look_for_images(
    request: &DeployRequest,
    desired: &Desired,
    store: &Store,
) -> Result<Vec<Presence>, Error> {
    let images = futures::stream::iter(&desired.images);
    let images = images.map(|image| store.look(image, request));
    images.buffered(CONCURRENCY).try_collect().await
}
