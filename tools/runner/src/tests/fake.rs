//! An API server in this process: requests, Jobs, pods and what these say.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use http::{Request, Response};
use kube::client::Body;
use serde_json::{Value, json};
use windlass_deploy::cluster::Retry;

use crate::{Runner, Terms};

/// What the server keeps.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Objects by path.
    pub(super) objects: BTreeMap<String, Value>,
    /// What pods say, by name.
    pub(super) logs: BTreeMap<String, String>,
    /// Writes, as `POST /apis/...`.
    pub(super) writes: Vec<String>,
    /// Instead of a new Job.
    pub(super) refusal: Option<(u16, &'static str)>,
}

/// A server.
#[derive(Clone, Debug, Default)]
pub(super) struct Fake(Arc<Mutex<State>>);

pub(super) const REQUESTS: &str = "/apis/windlass.dev/v1/namespaces/prod/applyrequests";
pub(super) const JOBS: &str = "/apis/batch/v1/namespaces/prod/jobs";
pub(super) const PODS: &str = "/api/v1/namespaces/prod/pods";

impl Fake {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("lock")
    }

    /// Puts an object there.
    pub(super) fn put(&self, collection: &str, object: Value) {
        let name = object["metadata"]["name"].as_str().expect("a name");
        let path = format!("{collection}/{name}");
        self.state().objects.insert(path, object);
    }

    /// The status of a request.
    pub(super) fn status(&self, name: &str) -> Value {
        let state = self.state();
        let object = state.objects.get(&format!("{REQUESTS}/{name}"));
        object.map_or(Value::Null, |object| object["status"].clone())
    }

    /// A runner of this cluster.
    pub(super) fn runner(&self) -> Runner {
        let fake = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let fake = fake.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect_bytes().await.expect("a body");
                let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
                let (code, answer) = fake.answer(head.method.as_str(), &head.uri, &body);
                let answer = Response::builder().status(code).body(Body::from(answer));
                Ok::<_, Infallible>(answer.expect("a response"))
            }
        });
        let retry = Retry {
            attempts: 1,
            pause: Duration::ZERO,
        };
        let terms = Terms {
            look: Duration::from_millis(5),
            pause: Duration::from_millis(5),
        };
        Runner::new(kube::Client::new(service, "default"), retry, terms)
    }

    /// Runs a runner until something holds.
    pub(super) async fn serve_until(&self, holds: impl Fn() -> bool) {
        let runner = self.runner();
        let until = async {
            while !holds() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::select! {
            () = runner.serve() => {}
            () = until => {}
            () = tokio::time::sleep(Duration::from_secs(30)) => panic!("{:#?}", self.state()),
        }
    }

    fn answer(&self, method: &str, uri: &http::Uri, body: &Value) -> (u16, Vec<u8>) {
        let (path, query) = (uri.path(), uri.query().unwrap_or_default());
        let mut state = self.state();
        if method == "GET" {
            // A watch ends at once.
            if query.contains("watch=true") {
                return (200, Vec::new());
            }
            if let Some(pod) = path.strip_suffix("/log") {
                let pod = pod.rsplit('/').next().unwrap_or_default();
                return match state.logs.get(pod) {
                    Some(log) => (200, log.clone().into_bytes()),
                    None => refusal(400, "it has not begun"),
                };
            }
            if let Some(list) = list(&state, path) {
                return (200, list.to_string().into_bytes());
            }
        } else {
            state.writes.push(format!("{method} {path}"));
        }
        let object = path.trim_end_matches("/status").to_owned();
        let answer = match method {
            "POST" => {
                if let Some((code, message)) = state.refusal {
                    return refusal(code, message);
                }
                let name = body["metadata"]["name"].as_str().unwrap_or_default();
                let own = format!("{path}/{name}");
                if state.objects.contains_key(&own) {
                    return refusal(409, "it is there");
                }
                state.objects.insert(own, body.clone());
                Some(body.clone())
            }
            "PATCH" => state.objects.get_mut(&object).map(|object| {
                object["status"] = body["status"].clone();
                object.clone()
            }),
            "DELETE" => state.objects.remove(&object),
            _ => state.objects.get(&object).cloned(),
        };
        match answer {
            Some(answer) => (200, answer.to_string().into_bytes()),
            None => refusal(404, "it is not there"),
        }
    }
}

/// The objects of a kind.
fn list(state: &State, path: &str) -> Option<Value> {
    let is_listed = |own: &str| match path {
        "/apis/windlass.dev/v1/applyrequests" => own.contains("/applyrequests/"),
        _ => own.starts_with(path),
    };
    if !["/applyrequests", "/pods"]
        .iter()
        .any(|kind| path.ends_with(kind))
    {
        return None;
    }
    let all = state.objects.iter();
    let items: Vec<&Value> = all
        .filter(|(own, _)| is_listed(own))
        .map(|(_, object)| object)
        .collect();
    Some(json!({"metadata": {"resourceVersion": "1"}, "items": items}))
}

fn refusal(code: u16, message: &str) -> (u16, Vec<u8>) {
    let status = json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": code,
        "reason": "", "message": message});
    (code, status.to_string().into_bytes())
}
