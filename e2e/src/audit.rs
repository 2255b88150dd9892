//! What was written: the API server's audit log, and the registry's access log.

use crate::Harness;
use serde_json::Value;
use std::collections::BTreeSet;

/// Verbs that write.
const WRITES: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];

/// The writes that the deploy tool has made so far, `verb uri`, its books included. Dry runs and
/// access reviews are not writes.
#[track_caller]
pub fn writes(harness: &Harness) -> Vec<String> {
    log(harness).lines().filter_map(write).collect()
}

/// Those of what users describe.
#[track_caller]
pub fn described(harness: &Harness) -> Vec<String> {
    let mut writes = writes(harness);
    writes.retain(|write| !is_of_books(write));
    writes
}

/// What the API server has let a user do so far: `apps deployments patch web`, and without the name
/// where a request has none, or is one that RBAC takes by kinds. A creation by server-side apply is
/// both, a patch and a creation.
#[track_caller]
pub fn allowed(harness: &Harness, user: &str) -> BTreeSet<String> {
    let log = log(harness);
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    lines
        .flat_map(|event: Value| rights(&event, user))
        .collect()
}

/// What the API server has not let a user do so far: `patch /apis/apps/v1/...`.
#[track_caller]
pub fn refused(harness: &Harness, user: &str) -> Vec<String> {
    let log = log(harness);
    let events = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let own = events.filter(|event| {
        event["user"]["username"] == user
            && event["annotations"]["authorization.k8s.io/decision"] == "forbid"
    });
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    own.map(|event| format!("{} {}", text(&event["verb"]), text(&event["requestURI"])))
        .collect()
}

fn rights(event: &Value, user: &str) -> Vec<String> {
    let is_allowed = event["annotations"]["authorization.k8s.io/decision"] == "allow";
    if event["user"]["username"] != user || !is_allowed {
        return Vec::new();
    }
    let object = &event["objectRef"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut resource = text(&object["resource"]);
    if let Some(part) = object["subresource"].as_str() {
        resource = format!("{resource}/{part}");
    }
    let right = |verb: &str| format!("{} {resource} {verb}", text(&object["apiGroup"]));
    let verb = text(&event["verb"]);
    let is_creation = verb == "patch" && event["responseStatus"]["code"] == 201;
    let verbs = [Some(verb.as_str()), is_creation.then_some("create")];
    let rights = verbs.into_iter().flatten().map(right);
    let name = object["name"].as_str();
    rights
        .flat_map(|right| [name.map(|name| format!("{right} {name}")), Some(right)])
        .flatten()
        .collect()
}

/// When the API server was asked to delete what `uri` ends with: RFC 3339, UTC.
#[track_caller]
pub fn deleted_at(harness: &Harness, uri: &str) -> String {
    let log = log(harness);
    let mut asked = log.lines().filter_map(|line| {
        let path = write(line)?.strip_prefix("delete ")?.to_owned();
        let path = path.split('?').next()?;
        let event: Value = serde_json::from_str(line).ok()?;
        path.ends_with(uri).then(|| {
            event["requestReceivedTimestamp"]
                .as_str()
                .map(str::to_owned)
        })?
    });
    let last = asked.next_back();
    last.unwrap_or_else(|| panic!("nobody has deleted `{uri}`"))
}

fn log(harness: &Harness) -> String {
    let path = harness.state.join("var/log/cluster/audit.log");
    std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("cannot read `{}`: {error}", path.display()))
}

/// Whether a write is of what the tool keeps for itself: inventories and leases.
fn is_of_books(write: &str) -> bool {
    write.contains("/configmaps/windlass.") || write.contains("/leases")
}

fn write(line: &str) -> Option<String> {
    let event: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let ours = text("userAgent").starts_with("windlass");
    let done = text("stage") == "ResponseComplete";
    let uri = text("requestURI");
    let writes =
        WRITES.contains(&text("verb")) && !uri.contains("dryRun=All") && !uri.contains("reviews");
    (ours && done && writes).then(|| format!("{} {uri}", text("verb")))
}

/// Requests that sent something to the local registry so far: `PUT /v2/...`.
pub fn uploads(harness: &Harness) -> Vec<String> {
    let log = harness.kubectl(&[
        "logs",
        "-n",
        "windlass-system",
        "deploy/registry",
        "--tail=-1",
    ]);
    log.succeeded();
    let is_upload = |line: &&str| {
        ["\"PUT /v2/", "\"POST /v2/", "\"PATCH /v2/"]
            .iter()
            .any(|m| line.contains(m))
    };
    log.stdout
        .lines()
        .filter(is_upload)
        .map(ToOwned::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{is_of_books, rights, write};
    use serde_json::json;

    fn event(agent: &str, verb: &str, uri: &str) -> String {
        format!(
            r#"{{"stage":"ResponseComplete","userAgent":"{agent}","verb":"{verb}","requestURI":"{uri}"}}"#
        )
    }

    #[test]
    fn only_our_own_writes_count() {
        assert_eq!(
            write(&event("windlass/0.1.0", "patch", "/api/v1/x")).as_deref(),
            Some("patch /api/v1/x")
        );
        assert_eq!(write(&event("kubelet", "patch", "/api/v1/x")), None);
        assert_eq!(write(&event("windlass/0.1.0", "get", "/api/v1/x")), None);
        assert_eq!(
            write(&event("windlass/0.1.0", "patch", "/api/v1/x?dryRun=All")),
            None
        );
        let review = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        assert_eq!(write(&event("windlass/0.1.0", "create", review)), None);
    }

    #[test]
    fn a_creation_by_server_side_apply_is_a_patch_as_well() {
        let event = |code: u16, decision: &str| {
            json!({"stage": "ResponseComplete", "verb": "patch", "user": {"username": "runner"},
                "objectRef": {"apiGroup": "apps", "resource": "deployments", "name": "web"},
                "responseStatus": {"code": code},
                "annotations": {"authorization.k8s.io/decision": decision}})
        };
        let patch = ["apps deployments patch web", "apps deployments patch"];
        let create = ["apps deployments create web", "apps deployments create"];
        assert_eq!(rights(&event(200, "allow"), "runner"), patch);
        assert_eq!(
            rights(&event(201, "allow"), "runner"),
            [patch, create].concat()
        );
        assert_eq!(rights(&event(403, "forbid"), "runner"), [""; 0]);
        assert_eq!(rights(&event(200, "allow"), "somebody"), [""; 0]);
    }

    #[test]
    fn books_are_told_apart() {
        let map = "/api/v1/namespaces/alice/configmaps/";
        assert!(is_of_books(&format!("patch {map}windlass.redis.5d41402a")));
        assert!(!is_of_books(&format!("patch {map}redis")));
        let leases = "/apis/coordination.k8s.io/v1/namespaces/alice/leases";
        assert!(is_of_books(&format!("create {leases}")));
        assert!(is_of_books(&format!(
            "delete {leases}/windlass.redis.5d41402a"
        )));
    }
}
