//! What is there: objects and what a write would make of them, and images.

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use windlass_k8s_object::{Namespace, Object};
use windlass_oci_registry::Client as Registry;

use super::{CONCURRENCY, Session};
use crate::api_error::ApiError;
use crate::cluster::{Conflicts, Resource};
use crate::desired::{Desired, DesiredImage};
use crate::error::Error;
use crate::order::is_kept;
use crate::plan::{Goal, Live, Presence, is_going};
use crate::request::DeployRequest;

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
        if self == Self::Anew && is_kept(object) {
            Self::Write
        } else {
            self
        }
    }
}

impl Session<'_> {
    /// Reads the objects, within the reach of the environment.
    pub async fn look(&self, ask: Ask, desired: &Desired) -> Result<Vec<Live>, Error> {
        self.check_reach(desired)?;
        let objects = futures::stream::iter(&desired.objects);
        let objects = objects.map(|object| self.look_at(ask, &object.object));
        objects.buffered(CONCURRENCY).try_collect().await
    }

    async fn look_at(&self, ask: Ask, object: &Object) -> Result<Live, Error> {
        let Some(resource) = self.resources.of(object.api_version(), object.kind()) else {
            return Ok(Live::Missing);
        };
        let Some(live) = self.get(resource, object).await? else {
            // What is missing is made by `replace` too, whatever its kind.
            return match ask {
                Ask::Anew => Ok(self.makable(resource, object).await),
                Ask::Presence | Ask::Write => Ok(Live::Missing),
            };
        };
        match ask.for_object(object) {
            Ask::Presence => Ok(Live::Found {
                object: live,
                dry_run: None,
            }),
            Ask::Write => self.look_at_write(resource, object, live).await,
            Ask::Anew => Ok(Live::Found {
                dry_run: Some(self.replaceable(resource, object, &live).await),
                object: live,
            }),
        }
    }

    async fn get(&self, resource: &Resource, object: &Object) -> Result<Option<Value>, Error> {
        let key = object.key();
        let namespace = key.namespace.as_ref().map(Namespace::as_str);
        let name = key.name.as_str();
        let found = self.cluster.get(resource, namespace, name).await;
        found.map_err(self.unreadable(key))
    }

    /// What a write would make of an object that is there.
    async fn look_at_write(
        &self,
        resource: &Resource,
        object: &Object,
        mut live: Value,
    ) -> Result<Live, Error> {
        // What changes between the two reads would look like a change of ours: read again.
        for _ in 0..5 {
            let dry_run = self
                .cluster
                .dry_run(resource, object, self.conflicts())
                .await;
            let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
            match dry_run {
                Ok(result) if version(&result) != version(&live) => {}
                dry_run => {
                    return Ok(Live::Found {
                        object: live,
                        dry_run: Some(dry_run),
                    });
                }
            }
            match self.get(resource, object).await? {
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

    /// The same object, with others' fields taken: what `diff` shows of a conflict.
    pub async fn look_forced(&self, object: &Object, live: Live) -> Live {
        let resource = self.resources.of(object.api_version(), object.kind());
        let (Some(resource), Live::Found { object: live, .. }) = (resource, live.clone()) else {
            return live;
        };
        let dry_run = self.cluster.dry_run(resource, object, Conflicts::Force);
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
            let deletion = self.cluster.dry_run_deletion(resource, object, uid);
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

/// Asks the registries which images they have.
pub async fn look_for_images(
    request: &DeployRequest,
    desired: &Desired,
    registry: &Registry,
) -> Result<Vec<Presence>, Error> {
    let setup = request.setup_command();
    let images = futures::stream::iter(&desired.images);
    let images = images.map(|image| look_for_image(image, registry, &setup));
    images.buffered(CONCURRENCY).try_collect().await
}

async fn look_for_image(
    image: &DesiredImage,
    registry: &Registry,
    setup: &str,
) -> Result<Presence, Error> {
    let digest = image.push.image.digest();
    match registry.head(&image.push.target, &digest).await {
        Ok(true) => Ok(Presence::Present),
        Ok(false) => Ok(Presence::Absent),
        Err(error) => {
            // A registry that is not there says so better than one request of it.
            registry
                .ping(&image.push.target)
                .await
                .map_err(|error| Error::registry(&error, setup))?;
            Err(Error::registry(&error, setup))
        }
    }
}
