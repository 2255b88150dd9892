//! `status`: how things stand, and that looking changes nothing.

use serde_json::{Value, json};
use windlass_report::Exit;

use super::case::{Case, case, replace_service, run, steady};
use super::fake::{Fake, Scenario};

pub(super) const WANTED: &str =
    "r.io/demo/server@sha256:1111111111111111111111111111111111111111111111111111111111111111";
const MAP: &str = "/api/v1/namespaces/alice/configmaps/redis";
const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/alice/deployments/server";

/// A case of a `ConfigMap` and a deployment.
pub(super) fn with_deployment(server: &str, annotations: &Value) -> Case {
    let mut case = case(server, "status");
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "server", "namespace": "alice", "annotations": annotations},
        "spec": {"template": {"spec": {"containers": [{"name": "server", "image": WANTED}]}}}});
    replace_service(&mut case, &deployment);
    case
}

pub(super) fn put_map(fake: &Fake) {
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "v"},
        "metadata": {"name": "redis", "namespace": "alice", "resourceVersion": "1"}});
    fake.put(MAP, map);
}

pub(super) fn put_deployment(fake: &Fake, image: &str, ready: u64) {
    let available = if ready == 1 { "True" } else { "False" };
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "server", "namespace": "alice", "uid": "d", "generation": 1,
            "annotations": {}, "resourceVersion": "1"},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [
            {"name": "server", "image": image}]}}},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1,
            "readyReplicas": ready, "availableReplicas": ready,
            "conditions": [{"type": "Available", "status": available}]}});
    fake.put(DEPLOYMENT, deployment);
}

/// The replica set of the deployment, with pods that run an image.
pub(super) fn put_pods(fake: &Fake, image: &str, count: usize) {
    let set = json!({"metadata": {"name": "server-6f5d", "namespace": "alice", "uid": "s",
        "ownerReferences": [{"uid": "d"}]}});
    let path = "/apis/apps/v1/namespaces/alice/replicasets/server-6f5d";
    fake.put(path, set);
    for at in 0..count {
        let pod = json!({"metadata": {"name": format!("server-{at}"), "namespace": "alice",
                "ownerReferences": [{"uid": "s"}]},
            "spec": {"containers": [{"name": "server", "image": image}]}});
        fake.put(&format!("/api/v1/namespaces/alice/pods/server-{at}"), pod);
    }
}

/// Puts the objects there as an apply makes them, the deployment ready; the map is made in a time
/// to come, so that its age is steady.
pub(super) async fn put_applied(fake: &Fake, case: &mut Case) {
    case.request["verb"] = json!("apply");
    let ran = run(case, &["--wait=false"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    case.request["verb"] = json!("status");
    let mut map = fake.object(MAP).expect("applied");
    map["metadata"]["creationTimestamp"] = json!("2999-01-01T00:00:00Z");
    fake.put(MAP, map);
    let mut deployment = fake.object(DEPLOYMENT).expect("applied");
    deployment["metadata"]["uid"] = json!("d");
    deployment["status"] = json!({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1,
        "readyReplicas": 1, "availableReplicas": 1,
        "conditions": [{"type": "Available", "status": "True"}]});
    fake.put(DEPLOYMENT, deployment);
    fake.requests();
}

/// A pod of the deployment that crashes, with its replica set, log and event.
pub(super) fn put_crash(fake: &Fake) {
    let set = json!({"metadata": {"name": "server-6f5d", "namespace": "alice", "uid": "s",
        "ownerReferences": [{"uid": "d"}]}});
    fake.put(
        "/apis/apps/v1/namespaces/alice/replicasets/server-6f5d",
        set,
    );
    let pod = json!({"metadata": {"name": "server-6f5d-x", "namespace": "alice", "uid": "p",
            "ownerReferences": [{"uid": "s"}]},
        "status": {"containerStatuses": [{"name": "server", "restartCount": 3,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
            "lastState": {"terminated": {"exitCode": 101}}}]}});
    fake.put("/api/v1/namespaces/alice/pods/server-6f5d-x", pod);
    let event = json!({"reason": "Unhealthy", "message": "probe failed"});
    fake.put("/api/v1/namespaces/alice/events/one", event);
}

#[track_caller]
pub(super) fn looked_only(fake: &Fake) {
    let requests = fake.requests();
    let reads = |request: &String| request.starts_with("GET ") || request.starts_with("DRY ");
    assert!(
        !requests.is_empty() && requests.iter().all(reads),
        "{requests:?}"
    );
}

#[tokio::test]
async fn all_is_there_and_ready() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = with_deployment(&fake.address, &json!({}));
    put_applied(&fake, &mut case).await;
    put_pods(&fake, WANTED, 1);
    let ran = run(&case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert_eq!(
        ran.data,
        "\
redis   ConfigMap, Deployment                      1/1 ready
  ConfigMap alice/redis    ready      same       0s
  Deployment alice/server  ready      same           1/1 pods
"
    );
    assert_eq!(
        steady(&ran.screen, &fake.address),
        "myns -> namespace alice on windlass (kube-system 3f9c21, 127.0.0.1:6443)"
    );
    looked_only(&fake);
}

#[tokio::test]
async fn pods_that_still_run_another_image_are_counted() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = with_deployment(&fake.address, &json!({}));
    put_applied(&fake, &mut case).await;
    let other = WANTED.replace('1', "2");
    put_pods(&fake, &other, 2);
    let ran = run(&case, &[]).await;
    let shown = "\
    2 pods run another server:
      got  r.io/demo/server@sha256:222222222222..
      want r.io/demo/server@sha256:111111111111..
";
    assert!(ran.data.ends_with(shown), "{}", ran.data);
    let ran = run(&case, &["--output=json"]).await;
    let outcome: Value = serde_json::from_str(&ran.data).expect("one document");
    let status = &outcome["objects"][1]["status"];
    assert_eq!(
        status["running"],
        json!([{"container": "server", "image": other, "want": WANTED, "pods": 2}])
    );
    assert_eq!(
        (&status["compared"], &status["changes"]),
        (&json!("same"), &json!([]))
    );
    let map = &outcome["objects"][0]["status"];
    assert_eq!(map["createdAt"], "2999-01-01T00:00:00Z");
    assert_eq!(map["running"], json!([]));
}

#[tokio::test]
async fn whoever_may_not_write_sees_how_things_stand() {
    let fake = Fake::start(Scenario::HidesWrites, &["alice"]).await;
    put_map(&fake);
    put_deployment(&fake, WANTED, 1);
    let case = with_deployment(&fake.address, &json!({}));
    let ran = run(&case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert_eq!(
        ran.data,
        "\
redis   ConfigMap, Deployment                      1/1 ready
  ConfigMap alice/redis    ready      ?
  Deployment alice/server  ready      ?              1/1 pods
"
    );
    let ran = run(&case, &["--output=json"]).await;
    let outcome: Value = serde_json::from_str(&ran.data).expect("one document");
    assert_eq!(outcome["objects"][0]["status"]["compared"], Value::Null);
}

#[tokio::test]
async fn what_is_not_ready_says_why() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    put_map(&fake);
    let other = WANTED.replace('1', "2");
    put_deployment(&fake, &other, 0);
    put_crash(&fake);
    let case = with_deployment(&fake.address, &json!({}));
    let ran = run(&case, &[]).await;
    assert_eq!(
        ran.data,
        "\
redis   ConfigMap, Deployment                      0/1 ready
  ConfigMap alice/redis    ready      changed
    changed: metadata.labels, metadata.annotations
  Deployment alice/server  not ready  changed        0 of 1 pods ready
    pod server-6f5d-x, container server: CrashLoopBackOff, exit 101, 3 restarts
    event: Unhealthy: probe failed
    changed: metadata.annotations[windlass.dev/object], metadata.labels
    spec.template.spec.containers[0].image:
      got  r.io/demo/server@sha256:222222222222..
      want r.io/demo/server@sha256:111111111111..
"
    );
    let (text, exit) = ran.failure();
    assert_eq!(
        text,
        "error: of 2 objects 1 is not ready\n\
         hint: kubectl --context windlass -n alice describe pod/server-6f5d-x\n"
    );
    assert_eq!(exit, Exit::Rollout);
    looked_only(&fake);
    let ran = run(&case, &["--output=json"]).await;
    let outcome: Value = serde_json::from_str(&ran.data).expect("one document and nothing else");
    assert_eq!(
        (&outcome["result"], &outcome["exit"]),
        (&json!("failed"), &json!(5))
    );
    assert_eq!(outcome["objects"][0]["ready"], true);
    let object = &outcome["objects"][1];
    assert_eq!(
        (&object["action"], &object["ready"]),
        (&json!("look"), &json!(false))
    );
    assert_eq!(
        object["status"],
        json!({"exists": true, "pods": {"ready": 0, "of": 1}, "reason": "0 of 1 pods ready",
            "evidence": ["pod server-6f5d-x, container server: CrashLoopBackOff, exit 101, 3 restarts",
                         "event: Unhealthy: probe failed"],
            "images": [{"field": "spec.template.spec.containers[0].image",
                        "want": WANTED, "live": other}],
            "compared": "changed", "createdAt": null, "running": [],
            "changes": ["metadata.annotations[windlass.dev/object]", "metadata.labels",
                        "spec.template.spec.containers[0].image"]})
    );
}

#[tokio::test]
async fn an_unpinned_object_is_looked_at_and_its_image_is_not_compared() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    put_map(&fake);
    put_deployment(&fake, "r.io/demo/server:any", 1);
    let unpinned = json!({"windlass.dev/unpinned": "server"});
    let ran = run(&with_deployment(&fake.address, &unpinned), &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert!(!ran.data.contains("image:"), "{}", ran.data);
    let ran = run(&with_deployment(&fake.address, &json!({})), &[]).await;
    assert!(ran.result.is_ok(), "there and ready, with another image");
    assert!(
        ran.data
            .contains("image:\n      got  r.io/demo/server:any\n      want "),
        "{}",
        ran.data
    );
}

#[tokio::test]
async fn a_container_that_a_webhook_put_in_front_is_not_compared() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    put_map(&fake);
    let other = WANTED.replace('1', "2");
    let case = with_deployment(&fake.address, &json!({}));
    for (image, said) in [
        (WANTED, None),
        (
            other.as_str(),
            Some(
                "containers[0].image:\n      got  r.io/demo/server@sha256:222222222222..\n      \
                 want r.io/demo/server@sha256:111111111111..\n",
            ),
        ),
    ] {
        put_deployment(&fake, image, 1);
        let mut deployment = fake.object(DEPLOYMENT).expect("put");
        let containers = &mut deployment["spec"]["template"]["spec"]["containers"];
        let containers = containers.as_array_mut().expect("containers");
        containers.insert(0, json!({"name": "proxy", "image": "mesh/proxy:1"}));
        fake.put(DEPLOYMENT, deployment);
        let ran = run(&case, &[]).await;
        assert!(ran.result.is_ok(), "{:?}", ran.result);
        match said {
            None => assert!(!ran.data.contains(".image:"), "{}", ran.data),
            Some(said) => assert!(ran.data.ends_with(said), "{}", ran.data),
        }
    }
}

#[tokio::test]
async fn without_a_namespace_all_is_missing() {
    let fake = Fake::start(Scenario::Usual, &[]).await;
    let mut case = with_deployment(&fake.address, &json!({}));
    case.request["environment"]["rollout"] = json!("gated");
    let ran = run(&case, &[]).await;
    assert_eq!(
        ran.data,
        "\
redis   ConfigMap, Deployment                      0/2 ready  missing
  ConfigMap alice/redis    missing
  Deployment alice/server  missing
"
    );
    let (text, exit) = ran.failure();
    assert_eq!(
        text,
        "error: of 2 objects 2 are missing\n\
         hint: bazel run //services/client:myns-deep.apply\n"
    );
    assert_eq!(exit, Exit::Rollout);
    looked_only(&fake);
}

#[tokio::test]
async fn pods_that_cannot_be_read_are_said_to() {
    let fake = Fake::start(Scenario::HidesPods, &["alice"]).await;
    put_deployment(&fake, WANTED, 0);
    let ran = run(&with_deployment(&fake.address, &json!({})), &[]).await;
    assert!(
        ran.data
            .contains("\n      | cannot read pods in `alice`: pods is forbidden\n"),
        "{}",
        ran.data
    );
    let (text, _) = ran.failure();
    assert_eq!(
        text,
        "error: of 2 objects 1 is missing and 1 is not ready\n\
         hint: bazel run //services/client:myns-deep.apply\n"
    );
}
