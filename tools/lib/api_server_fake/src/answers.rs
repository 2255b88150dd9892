//! What the API server answers.

use serde_json::{Value, json};

use super::asking;
use super::books::{self, is_book};
use super::{Fault, Request, Scenario, State};

/// A status and a body.
pub(super) type Answer = (u16, Value);

/// Marks an object as being deleted.
pub(super) fn linger(state: &mut State, path: &str, lists: usize) -> Option<Value> {
    let object = state.objects.get_mut(path)?;
    object["metadata"]["deletionTimestamp"] = json!("2024-01-01T00:00:00Z");
    let object = object.clone();
    state.going.insert(path.to_owned(), lists);
    Some(object)
}

/// The objects of a list. What is being deleted is a list nearer to its end.
fn list(state: &mut State, path: &str) -> Value {
    let is_member = |key: &str| {
        let name = key
            .strip_prefix(path)
            .and_then(|rest| rest.strip_prefix('/'));
        name.is_some_and(|name| !name.contains('/'))
    };
    let mut gone = Vec::new();
    for (path, lists) in state.going.iter_mut().filter(|(key, _)| is_member(key)) {
        match lists.checked_sub(1) {
            Some(fewer) => *lists = fewer,
            None => gone.push(path.clone()),
        }
    }
    for path in gone {
        state.going.remove(&path);
        state.objects.remove(&path);
    }
    let ours = state.objects.iter().filter(|(key, _)| is_member(key));
    let items: Vec<&Value> = ours.map(|(_, object)| object).collect();
    json!({"metadata": {"resourceVersion": "1"}, "items": items})
}

/// Starts each container of the pods of a list once more.
fn restart_all(state: &mut State, path: &str) {
    let pods = state
        .objects
        .iter_mut()
        // A log is kept as a text below its pod.
        .filter(|(key, pod)| key.starts_with(path) && pod.is_object());
    for (_, pod) in pods {
        let version = pod["metadata"]["resourceVersion"].as_str();
        let version = version.and_then(|version| version.parse::<u64>().ok());
        pod["metadata"]["resourceVersion"] = json!((version.unwrap_or(0) + 1).to_string());
        let statuses = pod.pointer_mut("/status/containerStatuses");
        let statuses = statuses.and_then(Value::as_array_mut);
        for status in statuses.into_iter().flatten() {
            let restarts = status["restartCount"].as_u64().unwrap_or(0);
            status["restartCount"] = json!(restarts + 1);
        }
    }
}

pub(super) fn status(code: u16, reason: &str, message: &str, causes: &Value) -> Answer {
    let status = json!({"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": code,
        "reason": reason, "message": message, "details": {"causes": causes}});
    (code, status)
}

/// The answer that a fault gives instead.
pub(super) fn refusal(fault: Fault) -> Option<Answer> {
    match fault {
        Fault::TooMany => Some(status(429, "TooManyRequests", "slow down", &json!([]))),
        Fault::Unavailable => Some(status(503, "ServiceUnavailable", "starting", &json!([]))),
        Fault::Unauthorized => Some(status(401, "Unauthorized", "Unauthorized", &json!([]))),
        Fault::Unheard | Fault::Unanswered | Fault::HangsUp => None,
    }
}

/// The answer to one request.
pub(super) fn answer(request: &Request, state: &mut State, scenario: Scenario) -> Answer {
    let dry = if request.is_dry() { "DRY " } else { "" };
    let line = format!("{dry}{} {}", request.method, request.path);
    state.requests.push(line);
    if scenario == Scenario::Unauthorized {
        return status(401, "Unauthorized", "Unauthorized", &json!([]));
    }
    let path = request.path.as_str();
    if is_book(path) {
        return books::answer(request, state);
    }
    if asking::is_asking(path) {
        return asking::answer(request, state);
    }
    match request.method.as_str() {
        "GET" => get(path, state, scenario),
        "POST" if path.ends_with("/selfsubjectreviews") => {
            let name = match scenario {
                Scenario::Nameless => "",
                Scenario::Account => "system:serviceaccount:alice:windlass-apply",
                _ => "alice@example.com",
            };
            (201, json!({"status": {"userInfo": {"username": name}}}))
        }
        "POST" if path.ends_with("/selfsubjectaccessreviews") => {
            let attributes = &request.body["spec"]["resourceAttributes"];
            let verb = &attributes["verb"];
            let allowed = match scenario {
                Scenario::ReadOnly => verb == "list" || verb == "watch",
                Scenario::HidesLists => verb != "list",
                Scenario::HidesParts => attributes["subresource"] == "",
                Scenario::GrantsNames if attributes["name"] == "" => {
                    verb == "list"
                        || verb == "watch"
                        || attributes["resource"] == "leases" && verb == "create"
                }
                Scenario::GrantsNames => {
                    attributes["name"] != "redis" || attributes["resource"] != "configmaps"
                }
                _ => true,
            };
            (201, json!({"status": {"allowed": allowed}}))
        }
        "POST" => post(request, state, scenario),
        "PATCH" => patch(request, state, scenario),
        "DELETE" => delete(request, state, scenario),
        _ => not_found(),
    }
}

pub(super) fn not_found() -> Answer {
    status(404, "NotFound", "not found", &json!([]))
}

fn get(path: &str, state: &mut State, scenario: Scenario) -> Answer {
    let forbidden = |what: &str| {
        let message = format!("{what} is forbidden");
        status(403, "Forbidden", &message, &json!([]))
    };
    let failed = || status(500, "InternalError", "etcd has no leader", &json!([]));
    match (path, scenario) {
        ("/api", Scenario::LosesKinds) => failed(),
        ("/api", _) => (200, discovery(&[("", "v1", &CORE)])),
        ("/apis", _) => {
            let groups = [
                ("apps", "v1", &APPS[..]),
                ("batch", "v1", &BATCH),
                ("apiextensions.k8s.io", "v1", &EXTENSIONS),
                ("stable.example.com", "v1", &CUSTOM),
            ];
            (200, discovery(&groups))
        }
        (path, Scenario::HidesPods) if path.ends_with("/pods") => forbidden("pods"),
        (path, Scenario::HidesSecrets) if path.contains("/secrets/") => forbidden("secrets"),
        (path, Scenario::HidesDefinitions)
            if path.contains("/customresourcedefinitions/") && state.objects.contains_key(path) =>
        {
            forbidden("customresourcedefinitions")
        }
        (path, Scenario::LosesPods) if path.ends_with("/pods") => failed(),
        (path, Scenario::HidesMore)
            if ["/endpointslices", "/storageclasses", "/events"]
                .iter()
                .any(|end| path.ends_with(end)) =>
        {
            forbidden("that")
        }
        (path, Scenario::Crashes) if path.ends_with("/pods") => {
            restart_all(state, path);
            (200, list(state, path))
        }
        (path, _) => match state.objects.get(path) {
            Some(object) => (200, object.clone()),
            None if is_list(path) => (200, list(state, path)),
            None => not_found(),
        },
    }
}

/// Server-side apply.
fn patch(request: &Request, state: &mut State, scenario: Scenario) -> Answer {
    let path = request.path.as_str();
    if scenario == Scenario::HidesWrites {
        return status(403, "Forbidden", "writing is forbidden", &json!([]));
    }
    let is_service = path.contains("/services/");
    let forced = request.query.contains("force=true");
    if scenario == Scenario::Owned && path.contains("/configmaps/") && !forced {
        let causes = json!([{"reason": "FieldManagerConflict", "field": ".data.k",
            "message": "conflict with \"helm\" using v1"}]);
        return status(409, "Conflict", "Apply failed with 1 conflict", &causes);
    }
    let first = !state.refused_once.contains(&path.to_owned());
    if scenario == Scenario::Busy && !request.is_dry() && first {
        state.refused_once.push(path.to_owned());
        return status(503, "ServiceUnavailable", "try again", &json!([]));
    }
    if scenario == Scenario::Refuses && is_service {
        return required();
    }
    let fixed = matches!(scenario, Scenario::Immutable | Scenario::TakesPorts);
    if fixed && is_service && state.objects.contains_key(path) {
        return status(422, "Invalid", "field is immutable", &json!([]));
    }
    if scenario == Scenario::TakenPorts && is_service && state.objects.contains_key(path) {
        return allocated();
    }
    if scenario == Scenario::Full && path.contains("/persistentvolumeclaims/") {
        return status(403, "Forbidden", "exceeded quota: claims", &json!([]));
    }
    if namespace_of(path).is_some_and(|place| !state.objects.contains_key(&place)) {
        return not_found();
    }
    let object = apply(state, path, &request.body);
    if !request.is_dry() {
        state.writes.push(format!("PATCH {path}"));
        state.objects.insert(path.to_owned(), object.clone());
    }
    (200, object)
}

fn allocated() -> Answer {
    let what = "spec.ports[0].nodePort: provided port is already allocated";
    status(422, "Invalid", what, &json!([]))
}

fn required() -> Answer {
    status(422, "Invalid", "spec.ports: Required value", &json!([]))
}

/// The dry run of a creation: fields first, then ports, then the name.
fn post(request: &Request, state: &State, scenario: Scenario) -> Answer {
    let path = request.path.as_str();
    let name = request.body["metadata"]["name"].as_str();
    let own = format!("{path}/{}", name.unwrap_or_default());
    match scenario {
        _ if !request.is_dry() => not_found(),
        Scenario::Refuses if path.ends_with("/services") => required(),
        Scenario::TakesPorts | Scenario::TakenPorts => allocated(),
        _ if state.objects.contains_key(&own) => {
            status(409, "AlreadyExists", "already exists", &json!([]))
        }
        _ => (201, request.body.clone()),
    }
}

fn delete(request: &Request, state: &mut State, scenario: Scenario) -> Answer {
    let path = request.path.as_str();
    let is_guarded = match scenario {
        Scenario::Refuses => path.ends_with("/services/redis"),
        Scenario::Guards => path.contains("/configmaps/"),
        _ => false,
    };
    if is_guarded {
        return status(422, "Invalid", "not this one", &json!([]));
    }
    if request.is_dry() {
        let found = state.objects.get(path);
        return found.map_or_else(not_found, |object| (200, object.clone()));
    }
    let deleted = match scenario {
        Scenario::Lingers => linger(state, path, 1),
        Scenario::Holds => linger(state, path, usize::MAX),
        _ => state.objects.remove(path),
    };
    let Some(object) = deleted else {
        return not_found();
    };
    state.writes.push(format!("DELETE {path}"));
    (200, object)
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

/// Whether a path is that of all objects of a kind.
fn is_list(path: &str) -> bool {
    let of = |(_, plural, _): &(&str, &str, &str)| path.ends_with(&format!("/{plural}"));
    let kinds = CORE.iter().chain(&APPS).chain(&BATCH);
    let kinds = kinds.chain(&EXTENSIONS).chain(&CUSTOM);
    let around = ["/events", "/endpointslices", "/storageclasses"];
    kinds.into_iter().any(of) || around.iter().any(|end| path.ends_with(end))
}

/// The path of the namespace that an object lives in.
fn namespace_of(path: &str) -> Option<String> {
    let (_, rest) = path.split_once("/namespaces/")?;
    let (namespace, _) = rest.split_once('/')?;
    Some(format!("/api/v1/namespaces/{namespace}"))
}

/// Kind, name in URLs, scope.
const CORE: [(&str, &str, &str); 7] = [
    ("Node", "nodes", "Cluster"),
    ("Pod", "pods", "Namespaced"),
    ("Secret", "secrets", "Namespaced"),
    ("ConfigMap", "configmaps", "Namespaced"),
    ("Service", "services", "Namespaced"),
    ("Namespace", "namespaces", "Cluster"),
    (
        "PersistentVolumeClaim",
        "persistentvolumeclaims",
        "Namespaced",
    ),
];

/// The same, of the group `apps`.
const APPS: [(&str, &str, &str); 3] = [
    ("Deployment", "deployments", "Namespaced"),
    ("ReplicaSet", "replicasets", "Namespaced"),
    ("StatefulSet", "statefulsets", "Namespaced"),
];

/// The same, of the group `batch`.
const BATCH: [(&str, &str, &str); 1] = [("Job", "jobs", "Namespaced")];

/// The same, of the group `apiextensions.k8s.io`.
const EXTENSIONS: [(&str, &str, &str); 1] = [(
    "CustomResourceDefinition",
    "customresourcedefinitions",
    "Cluster",
)];

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
