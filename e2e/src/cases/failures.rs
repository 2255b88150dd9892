//! What goes wrong, says so, and leaves nothing half done.

use crate::{Harness, Outcome, audit};
use windlass_report::Exit;

const APPLY: &str = "//e2e/alice:myns-deep.apply";

pub(super) fn run(h: &Harness) {
    no_api_server(h);
    h.run("//e2e/alice:setup.apply", &[]).succeeded();
    other_cluster(h);
    no_registry(h);
    failed_rollout(h);
}

#[track_caller]
fn ended(outcome: &Outcome, exit: Exit) {
    assert_eq!(outcome.code, exit as i32, "{}", outcome.stderr);
}

/// A kubeconfig that names a port where nobody listens.
fn no_api_server(h: &Harness) {
    let text = std::fs::read_to_string(h.kubeconfig()).expect("a kubeconfig");
    let dead = std::env::temp_dir().join("windlass-dead-kubeconfig");
    std::fs::write(&dead, text.replace(":6443", ":6440")).expect("a temporary file");
    let outcome = h.run_with(&dead, APPLY, &[]);
    ended(&outcome, Exit::Preflight);
    outcome
        .says("Connection refused")
        .says("hint: bazel run //cluster:up");
    assert_eq!(audit::writes(h), [""; 0]);
}

fn other_cluster(h: &Harness) {
    let before = audit::writes(h).len();
    let outcome = h.run(
        APPLY,
        &["--cluster-id=00000000-0000-0000-0000-000000000000"],
    );
    ended(&outcome, Exit::Preflight);
    outcome.says("00000000-0000-0000-0000-000000000000");
    assert_eq!(audit::writes(h)[before..], [""; 0]);
}

fn no_registry(h: &Harness) {
    let scale = |replicas: &str| {
        h.kubectl(&[
            "scale",
            "-n",
            "windlass-system",
            "deployment/registry",
            replicas,
        ])
        .succeeded();
    };
    scale("--replicas=0");
    h.until("the registry is away", 60, || {
        h.not_ready("windlass-system", 0)
    });
    let before = audit::writes(h).len();
    let outcome = h.run(APPLY, &[]);
    ended(&outcome, Exit::Registry);
    outcome.says("localhost:31000").says("hint: ");
    assert_eq!(audit::writes(h)[before..], [""; 0], "no registry, no write");
    scale("--replicas=1");
    h.until("the registry is back", 60, || {
        h.not_ready("windlass-system", 1)
    });
    h.run(APPLY, &[]).succeeded();
}

fn failed_rollout(h: &Harness) {
    let outcome = h.run("//e2e/broken:myns-deep.apply", &["--timeout=3m"]);
    ended(&outcome, Exit::Rollout);
    outcome
        .says("error: rollout of Deployment `alice/broken` cannot finish")
        .says("container broken: CrashLoopBackOff")
        .says("no-port")
        .says("a rerun goes on from here");
}
