//! The verbs that look, and those that are less usual than `apply`.

use crate::{Harness, audit};

const HELLO: &str = "//e2e/alice:myns-deep";

fn verb(name: &str) -> String {
    format!("{HELLO}.{name}")
}

fn uid(h: &Harness) -> String {
    let deployment = h.get(&["deployment", "hello", "-n", "alice"]);
    let uid = deployment["metadata"]["uid"].as_str();
    uid.expect("a live object has a uid").to_owned()
}

pub(super) fn run(h: &Harness) {
    before_setup(h);
    h.run("//e2e/alice:setup.apply", &[]).succeeded();
    images_alone(h);
    h.run(&verb("create"), &[]).succeeded().says("1 created");
    as_wanted(h);
    replaced(h);
    changed_by_hand(h);
    node_port(h);
    h.run(&verb("delete"), &[]).succeeded();
}

/// Without the namespace all is new, and missing; nothing is refused, and nothing is written.
fn before_setup(h: &Harness) {
    let diff = h.run(&verb("diff"), &[]);
    let shown = &diff.succeeded().stdout;
    assert!(shown.starts_with("+ Deployment alice/hello\n"), "{shown}");
    let status = h.run(&verb("status"), &[]);
    assert_eq!(status.code, 5, "{}", status.stderr);
    assert!(status.stdout.contains("missing"), "{}", status.stdout);
    assert_eq!(audit::writes(h), [""; 0]);
}

/// `push` sends the image, and a second one nothing; no cluster is asked.
fn images_alone(h: &Harness) {
    let writes = audit::writes(h).len();
    h.run_with(std::path::Path::new("/nowhere"), &verb("push"), &[])
        .succeeded();
    let uploads = audit::uploads(h).len();
    assert!(uploads > 0, "the image was sent");
    h.run(&verb("push"), &[]).succeeded();
    assert_eq!(audit::uploads(h)[uploads..], [""; 0]);
    assert_eq!(audit::writes(h)[writes..], [""; 0]);
}

fn as_wanted(h: &Harness) {
    let writes = audit::writes(h).len();
    let status = h.run(&verb("status"), &[]);
    let shown = &status.succeeded().stdout;
    assert!(shown.contains("Deployment"), "{shown}");
    assert_eq!(h.run(&verb("diff"), &[]).succeeded().stdout, "");
    let create = h.run(&verb("create"), &[]);
    assert_eq!(create.code, 4, "what exists is not created");
    assert_eq!(
        audit::writes(h)[writes..],
        [""; 0],
        "looking writes nothing"
    );
}

/// `replace` makes another object of the same description.
fn replaced(h: &Harness) {
    let before = uid(h);
    h.run(&verb("replace"), &[]).succeeded();
    assert_ne!(uid(h), before, "another object stands there");
    assert_eq!(h.run(&verb("diff"), &[]).succeeded().stdout, "");
}

/// What somebody changed is in the diff, which ends as `apply` would: it is theirs, and by whom.
fn changed_by_hand(h: &Harness) {
    let patch = r#"{"spec":{"template":{"spec":{"containers":[{"name":"hello","args":["--server","elsewhere:1"]}]}}}}"#;
    let words = ["patch", "deployment", "hello", "-n", "alice", "-p", patch];
    h.kubectl(&words).succeeded();
    let diff = h.run(&verb("diff"), &[]);
    assert_eq!(diff.code, 6, "{}", diff.stderr);
    diff.says("args: owned by `kubectl-patch`");
    assert!(
        diff.stdout.contains("~ Deployment alice/hello") && diff.stdout.contains("elsewhere:1"),
        "{}\n{}",
        diff.stdout,
        diff.stderr
    );
}

/// A Service with a fixed node port: the old one frees it for the new one.
fn node_port(h: &Harness) {
    let registry = |h: &Harness| h.get(&["service", "registry", "-n", "windlass-system"]);
    let before = registry(h);
    h.run("//prod:registry-service.replace", &[]).succeeded();
    let after = registry(h);
    let port = |service: &serde_json::Value| service["spec"]["ports"][0]["nodePort"].clone();
    assert_eq!(port(&after), port(&before));
    assert_ne!(after["metadata"]["uid"], before["metadata"]["uid"]);
}
