//! The requests that write, and those that only ask what a write would do. Whoever sends one of
//! the former is named in [`crate::cluster`].

use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy};
use serde_json::Value;
use windlass_k8s_object::Object;

use super::{Conflicts, FIELD_MANAGER, Resource, unmade};
use crate::api_error::ApiError;

/// Whether a request is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Only its result is shown.
    DryRun,
    /// It is.
    Write,
}

/// Server-side apply of one object.
pub(crate) fn apply_request(
    resource: &Resource,
    object: &Object,
    conflicts: Conflicts,
    effect: Effect,
) -> Result<http::Request<Vec<u8>>, ApiError> {
    let mut parameters = PatchParams::apply(FIELD_MANAGER).validation_strict();
    parameters.force = conflicts == Conflicts::Force;
    parameters.dry_run = effect == Effect::DryRun;
    let namespace = object
        .key()
        .namespace
        .as_ref()
        .map(windlass_k8s_object::Namespace::as_str);
    let desired = Patch::Apply(object.document());
    resource
        .request(namespace)
        .patch(object.key().name.as_str(), &parameters, &desired)
        .map_err(unmade)
}

/// Deletion of exactly the object that was seen, its dependents first.
pub(crate) fn delete_request(
    resource: &Resource,
    namespace: Option<&str>,
    name: &str,
    uid: &str,
    effect: Effect,
) -> Result<http::Request<Vec<u8>>, ApiError> {
    let preconditions = Preconditions {
        uid: Some(uid.to_owned()),
        resource_version: None,
    };
    let parameters = DeleteParams {
        propagation_policy: Some(PropagationPolicy::Foreground),
        preconditions: Some(preconditions),
        dry_run: effect == Effect::DryRun,
        ..DeleteParams::default()
    };
    resource
        .request(namespace)
        .delete(name, &parameters)
        .map_err(unmade)
}

/// Something new of one of the tool's own kinds; refused if it is there.
pub(crate) fn create_request(
    resource: &Resource,
    namespace: &str,
    object: &Value,
) -> Result<http::Request<Vec<u8>>, ApiError> {
    let body = object.to_string().into_bytes();
    let path = resource.request(Some(namespace));
    path.create(&stored(), body).map_err(unmade)
}

/// The same of something that is there; refused if it is not as it was read.
pub(crate) fn update_request(
    resource: &Resource,
    namespace: &str,
    name: &str,
    object: &Value,
) -> Result<http::Request<Vec<u8>>, ApiError> {
    let body = object.to_string().into_bytes();
    let path = resource.request(Some(namespace));
    path.replace(name, &stored(), body).map_err(unmade)
}

/// Deletion of something of the tool's own, if nobody has changed it since it was read.
pub(crate) fn release_request(
    resource: &Resource,
    namespace: &str,
    name: &str,
    object: &Value,
) -> Result<http::Request<Vec<u8>>, ApiError> {
    let text = |field: &str| object["metadata"][field].as_str().map(str::to_owned);
    let parameters = DeleteParams {
        preconditions: Some(Preconditions {
            uid: text("uid"),
            resource_version: text("resourceVersion"),
        }),
        ..DeleteParams::default()
    };
    let path = resource.request(Some(namespace));
    path.delete(name, &parameters).map_err(unmade)
}

/// What stores something of the tool's own.
fn stored() -> PostParams {
    PostParams {
        dry_run: false,
        field_manager: Some(FIELD_MANAGER.to_owned()),
    }
}
