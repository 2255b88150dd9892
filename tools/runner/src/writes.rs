//! All that the runner writes.

use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::core::Request as Path;
use serde_json::{Value, json};
use windlass_apply_request::{API_VERSION, PLURAL, Status};
use windlass_deploy::api_error::ApiError;

use crate::request::Request;

/// Who has written a field.
const MANAGER: &str = "windlass-runner";

fn requests_in(namespace: &str) -> Path {
    Path::new(format!(
        "/apis/{API_VERSION}/namespaces/{namespace}/{PLURAL}"
    ))
}

fn unmade(error: impl std::error::Error) -> ApiError {
    ApiError::Other {
        reason: error.to_string(),
    }
}

async fn send(
    client: &kube::Client,
    request: Result<http::Request<Vec<u8>>, ApiError>,
) -> Result<Value, ApiError> {
    let answer = windlass_api_client::ask(client, request?);
    answer.await.map_err(ApiError::from)
}

/// Makes a Job.
pub(crate) async fn create_job(client: &kube::Client, job: &Value) -> Result<(), ApiError> {
    let namespace = job["metadata"]["namespace"].as_str().unwrap_or_default();
    let parameters = PostParams {
        dry_run: false,
        field_manager: Some(MANAGER.to_owned()),
    };
    let path = Path::new(format!("/apis/batch/v1/namespaces/{namespace}/jobs"));
    let request = path.create(&parameters, job.to_string().into_bytes());
    send(client, request.map_err(unmade)).await.map(drop)
}

/// Writes how far a request is.
pub(crate) async fn set_status(
    client: &kube::Client,
    request: &Request,
    status: &Status,
) -> Result<(), ApiError> {
    let parameters = PatchParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let merged = Patch::Merge(json!({"status": status}));
    let all = requests_in(&request.namespace);
    let patch = all.patch_subresource("status", &request.name, &parameters, &merged);
    send(client, patch.map_err(unmade)).await.map(drop)
}

/// Deletes a request that is over, and with it its Job.
pub(crate) async fn delete(client: &kube::Client, request: &Request) -> Result<(), ApiError> {
    let parameters = DeleteParams {
        preconditions: Some(Preconditions {
            uid: Some(request.uid.clone()),
            resource_version: None,
        }),
        ..DeleteParams::background()
    };
    let path = requests_in(&request.namespace);
    let deletion = path.delete(&request.name, &parameters);
    send(client, deletion.map_err(unmade)).await.map(drop)
}
