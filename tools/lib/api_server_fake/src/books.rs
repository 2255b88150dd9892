//! What the tool keeps for itself: inventories and leases. No scenario touches these.

use serde_json::{Value, json};

use super::answers::{Answer, not_found, status};
use super::{Request, State};

/// Whether a request is about something that the tool keeps for itself.
pub(super) fn is_book(path: &str) -> bool {
    path.ends_with("/leases") || path.contains("/leases/") || path.contains("/configmaps/windlass.")
}

/// The answer to a request about one.
pub(super) fn answer(request: &Request, state: &mut State) -> Answer {
    let path = request.path.as_str();
    let namespace = path.split("/namespaces/").nth(1);
    let namespace = namespace.and_then(|rest| rest.split('/').next());
    let place = format!("/api/v1/namespaces/{}", namespace.unwrap_or_default());
    if request.method != "GET" && !state.objects.contains_key(&place) {
        return not_found();
    }
    match request.method.as_str() {
        "GET" => state
            .objects
            .get(path)
            .map_or_else(not_found, |object| (200, object.clone())),
        "POST" => {
            let name = request.body["metadata"]["name"]
                .as_str()
                .unwrap_or_default();
            let path = format!("{path}/{name}");
            if state.objects.contains_key(&path) {
                return status(409, "AlreadyExists", "already exists", &json!([]));
            }
            store(state, &path, "POST", &request.body)
        }
        "PUT" => {
            let there = version(state.objects.get(path));
            if there.is_null() {
                return not_found();
            }
            if there != version(Some(&request.body)) {
                return status(409, "Conflict", "the object has been modified", &json!([]));
            }
            store(state, path, "PUT", &request.body)
        }
        "PATCH" => store(state, path, "PATCH", &request.body),
        _ => {
            let wanted = &request.body["preconditions"]["resourceVersion"];
            let there = version(state.objects.get(path));
            if there.is_null() {
                return not_found();
            }
            if !wanted.is_null() && *wanted != there {
                return status(409, "Conflict", "the object has been modified", &json!([]));
            }
            state.books.push(format!("DELETE {path}"));
            (200, state.objects.remove(path).unwrap_or_default())
        }
    }
}

fn version(object: Option<&Value>) -> Value {
    let version = object.map(|object| object["metadata"]["resourceVersion"].clone());
    version.unwrap_or_default()
}

fn store(state: &mut State, path: &str, method: &str, body: &Value) -> Answer {
    state.version += 1;
    let uid = match state.objects.get(path) {
        Some(object) => object["metadata"]["uid"].clone(),
        None => json!(format!("uid-{}", state.version)),
    };
    let mut object = body.clone();
    object["metadata"]["uid"] = uid;
    object["metadata"]["resourceVersion"] = json!(state.version.to_string());
    state.books.push(format!("{method} {path}"));
    state.objects.insert(path.to_owned(), object.clone());
    (200, object)
}
