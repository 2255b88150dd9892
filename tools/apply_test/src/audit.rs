//! What the deploy tool asked of the API server: the audit log, which the API server itself writes.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use serde::Deserialize;

use crate::error::Error;

/// How the deploy tool is known in audit logs: `windlass/0.1.0`.
const AGENT: &str = "windlass/";

/// One request (`audit.k8s.io/v1`, `Event`), as far as it is looked at.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    stage: String,
    verb: String,
    #[serde(rename = "requestURI")]
    uri: String,
    #[serde(default)]
    user_agent: String,
    object_ref: Option<ObjectRef>,
    response_status: Option<Status>,
    /// The object, but for Secrets, whose data stays out of the log.
    response_object: Option<Kinded>,
    /// RFC 3339 with microseconds and `Z`: the order of the texts is that of the times.
    request_received_timestamp: String,
    /// The same, of the answer.
    stage_timestamp: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ObjectRef {
    resource: String,
    namespace: String,
    name: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Status {
    #[serde(default)]
    code: u16,
}

#[derive(Clone, Debug, Deserialize)]
struct Kinded {
    kind: Option<String>,
}

/// A request that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `patch /api/v1/namespaces/alice/configmaps/a?...: 201`.
    pub line: String,
    /// The write, if it was one.
    pub write: Option<Write>,
}

/// A write that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// `create`, `change` or `delete`.
    pub action: &'static str,
    /// What was written.
    pub object: Object,
    /// When it was asked for.
    pub asked: String,
    /// When it was answered.
    pub answered: String,
}

/// An object, by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Object {
    /// Its kind.
    pub kind: String,
    /// Its namespace; none for kinds that are in none.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl Object {
    /// Whether it is what the deploy tool keeps for itself: an inventory, or a lease.
    pub fn is_book(&self) -> bool {
        let kinds = ["ConfigMap", "configmaps", "Lease", "leases"];
        self.name.starts_with("windlass.") && kinds.contains(&self.kind.as_str())
    }

    /// `ConfigMap redis`, or `ConfigMap other/redis` for one in another namespace than `own`.
    pub fn shown(&self, own: &str) -> String {
        match &self.namespace {
            Some(namespace) if namespace != own => {
                format!("{} {namespace}/{}", self.kind, self.name)
            }
            _ => format!("{} {}", self.kind, self.name),
        }
    }
}

/// The length of the log now, to read on from.
pub fn length(log: &Path) -> u64 {
    std::fs::metadata(log).map_or(0, |data| data.len())
}

/// The deploy tool's requests from a place in the log on.
pub fn read(log: &Path, from: u64) -> Result<Vec<Asked>, Error> {
    let mut text = String::new();
    let read = std::fs::File::open(log).and_then(|mut file| {
        file.seek(SeekFrom::Start(from))?;
        file.read_to_string(&mut text)
    });
    read.map_err(Error::file("read", log))?;
    text.lines()
        .map(|line| serde_json::from_str(line).map_err(std::io::Error::from))
        .collect::<Result<Vec<Event>, _>>()
        .map_err(Error::file("read", log))
        .map(|events| events.iter().filter_map(Event::asked).collect())
}

impl Event {
    fn asked(&self) -> Option<Asked> {
        if self.stage != "ResponseComplete" || !self.user_agent.starts_with(AGENT) {
            return None;
        }
        let code = self
            .response_status
            .as_ref()
            .map_or(0, |status| status.code);
        Some(Asked {
            line: format!("{} {}: {code}", self.verb, self.uri),
            write: self.write(code),
        })
    }

    /// Dry runs and access reviews store nothing; neither does what was refused.
    fn write(&self, code: u16) -> Option<Write> {
        let object = self.object_ref.as_ref()?;
        let stores = !self.uri.contains("dryRun=") && !object.resource.ends_with("reviews");
        if !stores || !(200..300).contains(&code) {
            return None;
        }
        let action = match (self.verb.as_str(), code) {
            ("create", _) | ("patch" | "update", 201) => "create",
            ("patch" | "update", _) => "change",
            ("delete" | "deletecollection", _) => "delete",
            _ => return None,
        };
        // A delete is answered by a `Status`, and a log without objects says the resource only.
        let kind = self
            .response_object
            .as_ref()
            .and_then(|object| object.kind.clone());
        let kind = kind.filter(|kind| kind != "Status");
        let kind = kind.unwrap_or_else(|| match object.resource.as_str() {
            "secrets" => "Secret".to_owned(),
            other => other.to_owned(),
        });
        Some(Write {
            action,
            object: Object {
                kind,
                namespace: Some(object.namespace.clone()).filter(|name| !name.is_empty()),
                name: object.name.clone(),
            },
            asked: self.request_received_timestamp.clone(),
            answered: self.stage_timestamp.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn event(change: &Value) -> Option<Asked> {
        let mut event = json!({
            "stage": "ResponseComplete", "verb": "patch", "userAgent": "windlass/0.1.0",
            "requestURI": "/api/v1/namespaces/alice/configmaps/a?fieldManager=windlass",
            "objectRef": {"resource": "configmaps", "namespace": "alice", "name": "a"},
            "responseStatus": {"code": 201}, "responseObject": {"kind": "ConfigMap"},
            "requestReceivedTimestamp": "2024-01-01T00:00:00.000001Z",
            "stageTimestamp": "2024-01-01T00:00:00.000002Z",
        });
        for (name, value) in change.as_object().expect("an object") {
            event[name] = value.clone();
        }
        let event: Event = serde_json::from_value(event).expect("an event");
        event.asked()
    }

    fn step(change: &Value) -> Option<String> {
        let write = event(change)?.write?;
        Some(format!("{} {}", write.action, write.object.shown("alice")))
    }

    #[test]
    fn a_write_is_a_step() {
        let shown = |change| step(&change).expect("a write");
        assert_eq!(shown(json!({})), "create ConfigMap a");
        assert_eq!(
            shown(json!({"responseStatus": {"code": 200}})),
            "change ConfigMap a"
        );
        assert_eq!(
            shown(json!({"verb": "delete", "responseObject": {"kind": "Status"}})),
            "delete configmaps a"
        );
        let elsewhere = json!({"resource": "secrets", "namespace": "other", "name": "s"});
        assert_eq!(
            shown(json!({"objectRef": elsewhere, "responseObject": null})),
            "create Secret other/s"
        );
        let nowhere = json!({"resource": "namespaces", "name": "n"});
        assert_eq!(
            shown(json!({"objectRef": nowhere, "responseObject": {"kind": "Namespace"}})),
            "create Namespace n"
        );
    }

    #[test]
    fn what_stores_nothing_is_no_write() {
        let reviews = json!({"resource": "selfsubjectaccessreviews"});
        for change in [
            json!({"verb": "get"}),
            json!({"requestURI": "/api/v1/namespaces/alice/configmaps/a?dryRun=All"}),
            json!({"objectRef": reviews, "verb": "create"}),
            json!({"responseStatus": {"code": 409}}),
            json!({"objectRef": null}),
        ] {
            let asked = event(&change).expect("a request");
            assert_eq!(asked.write, None, "{change}");
        }
    }

    #[test]
    fn only_the_deploy_tool_is_looked_at() {
        assert_eq!(event(&json!({"userAgent": "kubectl/v1"})), None);
        assert_eq!(event(&json!({"stage": "ResponseStarted"})), None);
        let line = event(&json!({})).expect("a request").line;
        assert!(
            line.starts_with("patch /api/v1/") && line.ends_with(": 201"),
            "{line}"
        );
    }
}
