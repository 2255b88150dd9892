//! The writes of a set by themselves: what an API server takes for them at least, whoever asks.

use std::path::Path;
use std::time::{Duration, Instant};

use futures::{StreamExt as _, TryStreamExt as _};
use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::Value;
use windlass_api_client::{Needs, ask, client};

use crate::error::Error;
use crate::input::{Edition, Set};
use crate::tree::Place;

/// Requests on their way at one time, as the deploy tool has them.
const AT_ONCE: usize = 8;

/// Creates the objects of a set by server-side apply, with nothing before, between and after. The
/// time is that of the requests, with the connection and without a process's start.
pub fn create(
    kubeconfig: &Path,
    place: Place<'_>,
    set: Set,
    count: usize,
) -> Result<Duration, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(Error::io("start", "a runtime"))?;
    runtime.block_on(async {
        let failed = |error: kube::Error| Error::Bare(error.to_string());
        let options = KubeConfigOptions {
            context: Some(place.context.to_owned()),
            ..KubeConfigOptions::default()
        };
        let kubeconfig = Kubeconfig::read_from(kubeconfig);
        let kubeconfig = kubeconfig.map_err(|error| Error::Bare(error.to_string()))?;
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
        let config = config.map_err(|error| Error::Bare(error.to_string()))?;
        let members = set.members(count, place.namespace, Edition::First);
        let requests: Vec<_> = members.map(|member| request(&member.object)).collect();
        let started = Instant::now();
        let client = client(config, Needs::Requests).map_err(failed)?;
        let answers = requests.into_iter().map(|request| ask(&client, request));
        let answers = futures::stream::iter(answers).buffer_unordered(AT_ONCE);
        let _: Vec<Value> = answers.try_collect().await.map_err(failed)?;
        Ok(started.elapsed())
    })
}

fn request(object: &Value) -> http::Request<Vec<u8>> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let version = text(&object["apiVersion"]);
    let root = if version.contains('/') { "apis" } else { "api" };
    let plural = text(&object["kind"]).to_lowercase() + "s";
    let (namespace, name) = (
        &object["metadata"]["namespace"],
        &object["metadata"]["name"],
    );
    let (namespace, name) = (text(namespace), text(name));
    let path = format!("/{root}/{version}/namespaces/{namespace}/{plural}/{name}");
    let uri = format!("{path}?fieldManager=windlass&fieldValidation=Strict");
    http::Request::patch(uri)
        .header("content-type", "application/apply-patch+yaml")
        .body(object.to_string().into_bytes())
        .expect("names are parts of a URL")
}
