//! What was written: the API server's audit log, and the registry's access log.

use crate::Harness;
use serde_json::Value;

/// Verbs that write.
const WRITES: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];

/// The writes that the deploy tool has made so far, `verb uri`. Dry runs and access reviews are
/// not writes.
#[track_caller]
pub fn writes(harness: &Harness) -> Vec<String> {
    let path = harness.state.join("var/log/cluster/audit.log");
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("cannot read `{}`: {error}", path.display()));
    text.lines().filter_map(write).collect()
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
    use super::write;

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
}
