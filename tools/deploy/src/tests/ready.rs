//! What a run waits for beside the objects' own status.

use serde_json::{Value, json};
use windlass_report::Exit;

use super::case::{Case, case, replace_service, run};
use super::fake::{Fake, Scenario};

const SLICE: &str = "/apis/discovery.k8s.io/v1/namespaces/alice/endpointslices/redis-1";
const CLASS: &str = "/apis/storage.k8s.io/v1/storageclasses/disk";
const POD: &str = "/api/v1/namespaces/alice/pods/other";

/// A case of a `ConfigMap` and a `Service` that selects pods, one of which runs: somebody else's.
fn with_service(fake: &Fake, verb: &str) -> Case {
    let mut case = case(&fake.address, verb);
    let service = json!({"apiVersion": "v1", "kind": "Service", "spec": {"selector": {"app": "a"}},
        "metadata": {"name": "redis", "namespace": "alice"}});
    replace_service(&mut case, &service);
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "status": {"phase": "Running"},
        "metadata": {"name": "other", "namespace": "alice", "labels": {"app": "a"}}});
    fake.put(POD, pod);
    case
}

fn slice(ready: bool) -> Value {
    json!({"endpoints": [{"conditions": {"ready": ready}}], "metadata": {"name": "redis-1",
        "namespace": "alice", "labels": {"kubernetes.io/service-name": "redis"}}})
}

#[tokio::test]
async fn a_service_waits_for_an_endpoint() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let case = with_service(&fake, "apply");
    fake.put(SLICE, slice(false));
    let (text, exit) = run(&case, &["--timeout=1s"]).await.failure();
    let want = "error: rollout of Service `alice/redis` is not finished after 1.0 s\n\
                cause: no ready endpoint\n";
    assert!(text.starts_with(want), "{text}");
    assert_eq!(exit, Exit::Rollout);
    fake.put(SLICE, slice(true));
    let ran = run(&case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    // All was ready, so there is nothing to say of groups.
    assert!(!ran.screen.contains("ready"), "{}", ran.screen);
}

#[tokio::test]
async fn what_only_helps_need_not_be_readable() {
    let fake = Fake::start(Scenario::HidesMore, &["alice"]).await;
    let ran = run(&with_service(&fake, "apply"), &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
}

#[tokio::test]
async fn status_looks_at_endpoints_too() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    assert!(
        run(&with_service(&fake, "apply"), &["--wait=false"])
            .await
            .result
            .is_ok()
    );
    let case = with_service(&fake, "status");
    let ran = run(&case, &[]).await;
    let line = ran
        .data
        .lines()
        .find(|line| line.contains("Service alice/redis"));
    let line = line.expect("a line");
    assert!(
        line.contains("  not ready  ") && line.ends_with("  no ready endpoint"),
        "{line}"
    );
    fake.put(SLICE, slice(true));
    let ran = run(&case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
}

#[tokio::test]
async fn a_claim_is_judged_by_its_class() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = case(&fake.address, "apply");
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "redis", "namespace": "alice"}, "spec": {"storageClassName": "disk"}});
    replace_service(&mut case, &claim);
    let mut live = claim;
    live["status"] = json!({"phase": "Pending"});
    live["metadata"]["managedFields"] = json!([{"manager": "windlass", "operation": "Apply"}]);
    let path = "/api/v1/namespaces/alice/persistentvolumeclaims/redis";
    fake.put(path, live);
    let (text, _) = run(&case, &["--timeout=1s"]).await.failure();
    assert!(
        text.contains("cause: storage class `disk` is missing\n"),
        "{text}"
    );
    let class = json!({"metadata": {"name": "disk"}, "volumeBindingMode": "WaitForFirstConsumer"});
    fake.put(CLASS, class);
    let ran = run(&case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
}
