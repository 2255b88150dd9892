//! Requests as the API server has them.

use serde_json::Value;
use windlass_apply_request::{Spec, Status, job_of};

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    /// When it was made: RFC 3339 in UTC, so that texts are in the order of their times.
    pub(crate) created: String,
    pub(crate) spec: Spec,
    pub(crate) status: Status,
}

impl Request {
    /// Reads an object.
    ///
    /// # Errors
    /// It is not as its definition says, and why.
    pub(crate) fn of(object: &Value) -> Result<Self, String> {
        let text = |field: &str| {
            let text = object["metadata"][field].as_str();
            text.map(str::to_owned)
                .ok_or_else(|| format!("metadata.{field}: got nothing, want a text"))
        };
        let status = match &object["status"] {
            Value::Null => Status::default(),
            status => serde_json::from_value(status.clone())
                .map_err(|error| format!("status: {error}"))?,
        };
        Ok(Self {
            namespace: text("namespace")?,
            name: text("name")?,
            uid: text("uid")?,
            created: text("creationTimestamp")?,
            spec: serde_json::from_value(object["spec"].clone())
                .map_err(|error| format!("spec: {error}"))?,
            status,
        })
    }

    /// The name of its Job.
    pub(crate) fn job(&self) -> String {
        job_of(&self.name)
    }

    /// What it is called in a log: `prod/client-prod-deep-2f1c09aa`.
    pub(crate) fn title(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;
    use windlass_apply_request::Phase;

    /// A request of `//a:prod-deep` in `prod`.
    pub(crate) fn object(name: &str) -> Value {
        json!({
            "apiVersion": "windlass.dev/v1", "kind": "ApplyRequest",
            "metadata": {"name": name, "namespace": "prod", "uid": format!("uid-{name}"),
                         "creationTimestamp": "2026-03-01T12:00:00Z"},
            "spec": {"target": "//a:prod-deep", "bundle": "r.io/b@sha256:11", "timeoutSeconds": 300},
        })
    }

    #[test]
    fn what_is_missing_is_named() {
        let request = Request::of(&object("one")).expect("a request");
        assert_eq!(request.status.phase, Phase::Waiting);
        assert_eq!(request.job(), "windlass-apply-one");
        for (field, want) in [
            ("metadata", "metadata.namespace: got nothing, want a text"),
            ("spec", "spec: missing field `target`"),
        ] {
            let mut object = object("one");
            object[field] = json!({});
            assert_eq!(Request::of(&object).expect_err(field), want);
        }
        let mut object = object("one");
        object["status"] = json!({"phase": "Lost"});
        let error = Request::of(&object).expect_err("a phase that there is not");
        assert!(
            error.starts_with("status: unknown variant `Lost`"),
            "{error}"
        );
    }
}
