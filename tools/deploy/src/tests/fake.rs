//! An API server in this process: discovery, reads, server-side apply, deletes, reviews.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How the server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// All goes well.
    Usual,
    /// Another manager owns `data.k` of every `ConfigMap`.
    Owned,
    /// The first answer to every write is lost: 503.
    Busy,
    /// Writes of `Service`s are refused; of deletions, that of `redis`.
    Refuses,
    /// We may not list pods.
    HidesPods,
    /// Lists of pods fail.
    LosesPods,
    /// The user has no name.
    Nameless,
    /// We may not do anything but read.
    ReadOnly,
}

/// What the server keeps.
#[derive(Debug, Default)]
pub struct State {
    /// Objects by path.
    pub objects: BTreeMap<String, Value>,
    /// Writes that were stored, as `PATCH /api/v1/...`.
    pub writes: Vec<String>,
    refused_once: Vec<String>,
    version: u64,
}

/// A running server.
pub struct Fake {
    /// Host and port.
    pub address: String,
    /// What it keeps.
    pub state: Arc<Mutex<State>>,
    _task: tokio::task::JoinSet<()>,
}

struct Request {
    method: String,
    path: String,
    query: String,
    body: Value,
}

impl Fake {
    /// Starts a server with the namespaces `kube-system` and those that are named.
    pub async fn start(scenario: Scenario, namespaces: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let address = listener.local_addr().expect("address").to_string();
        let state = Arc::new(Mutex::new(State::default()));
        for name in [&["kube-system"], namespaces].concat() {
            let object = json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": name, "uid": format!("3f9c21-{name}"), "resourceVersion": "1"}});
            let mut state = state.lock().expect("lock");
            state
                .objects
                .insert(format!("/api/v1/namespaces/{name}"), object);
        }
        let mut task = tokio::task::JoinSet::new();
        let shared = state.clone();
        task.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone(), scenario));
            }
        });
        Self {
            address,
            state,
            _task: task,
        }
    }

    /// The writes that were stored.
    pub fn writes(&self) -> Vec<String> {
        self.state.lock().expect("lock").writes.clone()
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>, scenario: Scenario) {
    while let Some(request) = read(&mut stream).await {
        let (status, body) = answer(&request, &mut state.lock().expect("lock"), scenario);
        // A watch ends at once, without an event.
        let is_watch = request.query.contains("watch=true") && status == 200;
        let body = if is_watch {
            String::new()
        } else {
            body.to_string()
        };
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if stream
            .write_all(format!("{head}{body}").as_bytes())
            .await
            .is_err()
        {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        stream
            .read_buf(&mut bytes)
            .await
            .ok()
            .filter(|read| *read > 0)?;
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.lines().next());
    let length: usize = length
        .and_then(|length| length.trim().parse().ok())
        .unwrap_or(0);
    while bytes.len() < end + length {
        stream
            .read_buf(&mut bytes)
            .await
            .ok()
            .filter(|read| *read > 0)?;
    }
    let line = String::from_utf8_lossy(&bytes[..end])
        .lines()
        .next()?
        .to_owned();
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let body = serde_json::from_slice(&bytes[end..end + length]).unwrap_or(Value::Null);
    Some(Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        body,
    })
}

fn status(code: u16, reason: &str, message: &str, causes: &Value) -> (u16, Value) {
    let status = json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": code,
        "reason": reason, "message": message, "details": {"causes": causes}});
    (code, status)
}

fn answer(request: &Request, state: &mut State, scenario: Scenario) -> (u16, Value) {
    let dry_run = request.query.contains("dryRun=All");
    let not_found = || status(404, "NotFound", "not found", &json!([]));
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/api") => (200, discovery(&[("", "v1", &CORE)])),
        ("GET", "/apis") => (200, discovery(&[("stable.example.com", "v1", &CUSTOM)])),
        ("POST", path) if path.ends_with("/selfsubjectreviews") => {
            let name = if scenario == Scenario::Nameless {
                ""
            } else {
                "alice@example.com"
            };
            (201, json!({"status": {"userInfo": {"username": name}}}))
        }
        ("POST", path) if path.ends_with("/selfsubjectaccessreviews") => (
            201,
            json!({"status": {"allowed": scenario != Scenario::ReadOnly}}),
        ),
        ("GET", path) if scenario == Scenario::HidesPods && path.ends_with("/pods") => {
            status(403, "Forbidden", "pods is forbidden", &json!([]))
        }
        ("GET", path) if scenario == Scenario::LosesPods && path.ends_with("/pods") => {
            status(500, "InternalError", "etcd has no leader", &json!([]))
        }
        ("GET", path) if path.ends_with("/replicasets") => (
            200,
            json!({"metadata": {"resourceVersion": "1"}, "items": []}),
        ),
        ("GET", path) => match state.objects.get(path) {
            Some(object) => (200, object.clone()),
            None if CORE
                .iter()
                .any(|(_, plural, _)| path.ends_with(&format!("/{plural}"))) =>
            {
                let below = format!("{path}/");
                let items = state
                    .objects
                    .iter()
                    .filter(|(key, _)| key.starts_with(&below));
                let items: Vec<&Value> = items.map(|(_, object)| object).collect();
                (
                    200,
                    json!({"metadata": {"resourceVersion": "1"}, "items": items}),
                )
            }
            None => not_found(),
        },
        ("PATCH", path) => {
            if scenario == Scenario::Owned && path.contains("/configmaps/") {
                let causes = json!([{"reason": "FieldManagerConflict", "field": ".data.k",
                    "message": "conflict with \"helm\" using v1"}]);
                return status(409, "Conflict", "Apply failed with 1 conflict", &causes);
            }
            let first = !state.refused_once.contains(&path.to_owned());
            if scenario == Scenario::Busy && !dry_run && first {
                state.refused_once.push(path.to_owned());
                return status(503, "ServiceUnavailable", "try again", &json!([]));
            }
            if scenario == Scenario::Refuses && path.contains("/services/") {
                return status(422, "Invalid", "spec.ports: Required value", &json!([]));
            }
            let object = apply(state, path, &request.body);
            if !dry_run {
                state.writes.push(format!("PATCH {path}"));
                state.objects.insert(path.to_owned(), object.clone());
            }
            (200, object)
        }
        ("DELETE", path) if scenario == Scenario::Refuses && path.ends_with("/services/redis") => {
            status(422, "Invalid", "not this one", &json!([]))
        }
        ("DELETE", path) => match state.objects.remove(path) {
            Some(object) => {
                state.writes.push(format!("DELETE {path}"));
                (200, object)
            }
            None => not_found(),
        },
        _ => not_found(),
    }
}

/// What an apply makes of an object: its fields laid over what is there.
fn apply(state: &mut State, path: &str, desired: &Value) -> Value {
    let mut object = state
        .objects
        .get(path)
        .cloned()
        .unwrap_or_else(|| json!({}));
    let before = object.clone();
    merge(&mut object, desired);
    if before.get("metadata").is_none() {
        state.version += 1;
        object["metadata"]["uid"] = json!(format!("uid-{}", state.version));
    }
    object["metadata"]["managedFields"] = json!([{"manager": "windlass", "operation": "Apply"}]);
    if object != before {
        state.version += 1;
        object["metadata"]["resourceVersion"] = match &before["metadata"]["resourceVersion"] {
            // A dry run shows the version that is there.
            Value::String(version) => json!(version),
            _ => json!(state.version.to_string()),
        };
    }
    object
}

fn merge(into: &mut Value, from: &Value) {
    match from {
        Value::Object(fields) => {
            for (key, value) in fields {
                if !into[key].is_object() || !value.is_object() {
                    into[key] = value.clone();
                } else {
                    merge(&mut into[key], value);
                }
            }
        }
        other => *into = other.clone(),
    }
}

/// Kind, name in URLs, scope.
const CORE: [(&str, &str, &str); 5] = [
    ("Pod", "pods", "Namespaced"),
    ("ConfigMap", "configmaps", "Namespaced"),
    ("Service", "services", "Namespaced"),
    ("Namespace", "namespaces", "Cluster"),
    (
        "PersistentVolumeClaim",
        "persistentvolumeclaims",
        "Namespaced",
    ),
];

/// The same, of custom kinds.
const CUSTOM: [(&str, &str, &str); 2] = [
    ("Widget", "widgets", "Cluster"),
    ("Gadget", "gadgets", "Namespaced"),
];

type Kinds<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str, &'a str)]);

/// `apidiscovery.k8s.io/v2`.
fn discovery(groups: &[Kinds<'_>]) -> Value {
    let items: Vec<Value> = groups
        .iter()
        .map(|(group, version, kinds)| {
            let resources: Vec<Value> = kinds
                .iter()
                .map(|(kind, plural, scope)| {
                    json!({"resource": plural, "scope": scope, "singularResource": "",
                        "responseKind": {"group": group, "version": version, "kind": kind},
                        "verbs": ["get", "list", "watch", "patch", "delete"]})
                })
                .collect();
            json!({"metadata": {"name": group},
                   "versions": [{"version": version, "resources": resources, "freshness": "Current"}]})
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2",
           "metadata": {}, "items": items})
}
