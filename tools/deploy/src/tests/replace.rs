//! `replace`: what is checked before anything goes, in what order things go and come, and what an
//! interrupted run leaves.

use serde_json::{Value, json};
use windlass_oci_registry_fake::{Fault, Registry, What};
use windlass_report::Exit;

use super::case::{Case, HEADER, add_image, case, pod, replace_service, run, setup, steady};
use super::fake::{Fake, Scenario};

const MAP: &str = "/api/v1/namespaces/alice/configmaps/redis";
const SERVICE: &str = "/api/v1/namespaces/alice/services/redis";

/// A server that has what a `case` wants, as an apply left it.
async fn applied(scenario: Scenario) -> Fake {
    let fake = Fake::start(scenario, &["alice"]).await;
    for (path, kind) in [(MAP, "ConfigMap"), (SERVICE, "Service")] {
        let live = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "redis",
            "namespace": "alice", "uid": format!("old-{kind}"), "resourceVersion": "1",
            "managedFields": [{"manager": "windlass", "operation": "Apply"}]}});
        fake.put(path, live);
    }
    fake
}

fn uid(fake: &Fake, path: &str) -> Value {
    let object = fake.object(path).expect("it is there");
    assert_eq!(object["metadata"]["deletionTimestamp"], Value::Null);
    object["metadata"]["uid"].clone()
}

#[tokio::test]
async fn all_goes_and_then_all_comes() {
    let fake = applied(Scenario::Lingers).await;
    let ran = run(&case(&fake.address, "replace"), &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert_eq!(
        steady(&ran.screen, &fake.address),
        format!(
            "{HEADER}\
             plan    0 images to push, 2 objects to replace, 0 to create, 0 to change, 0 as wanted\n\
             redis   ConfigMap, Service                         2/2 ready   0.1 s\n\
             done in 0.1 s: 2 replaced"
        )
    );
    let writes = fake.writes();
    assert_eq!(
        writes[..2],
        [format!("DELETE {SERVICE}"), format!("DELETE {MAP}")],
        "the other way round"
    );
    assert_eq!(writes.len(), 4);
    assert_ne!(uid(&fake, MAP), "old-ConfigMap");
    assert_ne!(uid(&fake, SERVICE), "old-Service");
}

#[tokio::test]
async fn what_is_not_there_is_made() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let ran = run(&case(&fake.address, "replace"), &["--output=json"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    let outcome: Value = serde_json::from_str(&ran.data).expect("one document");
    assert_eq!(outcome["verb"], "replace");
    assert_eq!(outcome["objects"][0]["action"], "create");
    assert_eq!(fake.writes().len(), 2);
}

#[tokio::test]
async fn what_others_made_stays_and_names_them() {
    let fake = applied(Scenario::Usual).await;
    let mut theirs = fake.object(SERVICE).expect("there");
    theirs["metadata"]["managedFields"] =
        json!([{"manager": "helm"}, {"manager": "argo"}, {"manager": "helm"}]);
    fake.put(SERVICE, theirs);
    let (text, exit) = run(&case(&fake.address, "replace"), &[]).await.failure();
    assert_eq!(
        text,
        "error: cannot replace Service `alice/redis`: this target did not make it; nothing was pushed \
         or written\n  \
         | Service `alice/redis`: managed by `argo`, `helm`\n\
         hint: bazel run //services/client:myns-deep.apply -- --adopt\n"
    );
    assert_eq!(exit, Exit::Preflight);
    assert_eq!(fake.writes(), [""; 0]);
}

#[tokio::test]
async fn what_the_server_would_not_make_is_not_deleted() {
    let there = applied(Scenario::Refuses).await;
    let missing = Fake::start(Scenario::Refuses, &["alice"]).await;
    for (fake, word) in [(there, "replace"), (missing, "make")] {
        let (text, exit) = run(&case(&fake.address, "replace"), &[]).await.failure();
        assert_eq!(
            text,
            format!(
                "error: cannot {word} Service `alice/redis`; nothing was pushed or written\n\
                 cause: spec.ports: Required value\n"
            )
        );
        assert_eq!(exit, Exit::Write);
        assert_eq!(fake.writes(), [""; 0]);
    }
}

#[tokio::test]
async fn fields_that_cannot_be_changed_are_what_replace_is_for() {
    for scenario in [Scenario::Immutable, Scenario::TakesPorts] {
        let fake = applied(scenario).await;
        let (text, _) = run(&case(&fake.address, "apply"), &[]).await.failure();
        assert!(text.contains("cause: field is immutable\n"), "{text}");
        let ran = run(&case(&fake.address, "replace"), &[]).await;
        assert!(ran.result.is_ok(), "{scenario:?}: {:?}", ran.result);
        assert_ne!(uid(&fake, SERVICE), "old-Service");
    }
}

#[tokio::test]
async fn images_are_pushed_before_anything_goes() {
    let fake = applied(Scenario::Usual).await;
    let fault = Fault {
        request: "PUT /v2/demo/redis/manifests/",
        times: 1,
        what: What::Status(400, "", "{}"),
    };
    let registry = Registry::start(vec![fault]).await;
    let mut case = case(&fake.address, "replace");
    let repository = format!("{}/demo/redis", registry.name());
    let reference = add_image(&mut case, &repository);
    replace_service(&mut case, &pod("redis", &reference));
    let (text, exit) = run(&case, &[]).await.failure();
    let text = text.replace(&registry.name(), "REGISTRY");
    assert!(
        text.starts_with(
            "error: cannot push image `//services/redis:image` to `REGISTRY/demo/redis`\n"
        ),
        "{text}"
    );
    assert!(
        text.ends_with("state: nothing was pushed or written\n"),
        "{text}"
    );
    assert_eq!(exit, Exit::Registry);
    assert_eq!(fake.writes(), [""; 0]);
    // The fault has passed.
    let ran = run(&case, &["--wait=false"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert_eq!(fake.writes()[0], format!("DELETE {MAP}"));
}

#[tokio::test]
async fn a_registry_that_is_down_loses_nothing() {
    let fake = applied(Scenario::Usual).await;
    let mut case = case(&fake.address, "replace");
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("port");
    let address = listener.local_addr().expect("address").to_string();
    drop(listener);
    add_image(&mut case, &format!("{address}/demo/redis"));
    assert_eq!(run(&case, &[]).await.failure().1, Exit::Registry);
    assert_eq!(fake.writes(), [""; 0]);
}

#[tokio::test]
async fn what_delete_keeps_is_changed_in_place() {
    let fake = applied(Scenario::Usual).await;
    let mut case = case(&fake.address, "replace");
    setup(&mut case);
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "alice", "labels": {"new": "label"}}});
    replace_service(&mut case, &namespace);
    let mut live = namespace;
    live["metadata"] = json!({"name": "alice", "uid": "n", "resourceVersion": "1",
        "managedFields": [{"manager": "windlass", "operation": "Apply"}]});
    fake.put("/api/v1/namespaces/alice", live);
    let before = uid(&fake, "/api/v1/namespaces/alice");
    let ran = run(&case, &["--verbose"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    let screen = ran.screen;
    assert!(
        screen.contains("plan    0 images to push, 1 object to replace, 0 to create, 1 to change"),
        "{screen}"
    );
    assert!(
        screen.contains("\n  change  Namespace `alice`: "),
        "{screen}"
    );
    assert!(
        screen.contains("\n  replace ConfigMap `alice/redis`\n"),
        "{screen}"
    );
    assert_eq!(uid(&fake, "/api/v1/namespaces/alice"), before);
    assert_eq!(fake.writes()[0], format!("DELETE {MAP}"));
}

#[tokio::test]
async fn a_rerun_takes_up_what_an_interrupted_one_left() {
    for verb in ["replace", "apply"] {
        let fake = applied(Scenario::Lingers).await;
        // Killed when one object was on its way out and the other was gone.
        fake.begin_deletion(SERVICE);
        fake.state.lock().expect("lock").objects.remove(MAP);
        let ran = run(&case(&fake.address, verb), &[]).await;
        assert!(ran.result.is_ok(), "{verb}: {:?}", ran.result);
        assert_ne!(uid(&fake, SERVICE), "old-Service", "{verb}");
        assert_ne!(uid(&fake, MAP), "old-ConfigMap", "{verb}");
        let writes = fake.writes();
        assert!(
            writes.iter().all(|write| write.starts_with("PATCH ")),
            "{writes:?}"
        );
    }
}

#[tokio::test]
async fn nothing_is_made_while_its_predecessor_is_there() {
    let fake = applied(Scenario::Holds).await;
    let case = case(&fake.address, "replace");
    let (text, exit) = run(&case, &["--timeout=1s"]).await.failure();
    assert_eq!(
        text,
        "error: Service `alice/redis` and 1 more not gone after 1.0 s\n\
         cause: the API server has not removed it yet\n\
         state: 2 of 2 deleted, 0 of 2 written; a rerun goes on from here\n"
    );
    assert_eq!(exit, Exit::Rollout);
    assert!(
        fake.writes()
            .iter()
            .all(|write| write.starts_with("DELETE "))
    );
}

#[tokio::test]
async fn rights_to_delete_and_to_create_are_asked_for_first() {
    let fake = applied(Scenario::ReadOnly).await;
    let (text, exit) = run(&case(&fake.address, "replace"), &[]).await.failure();
    assert_eq!(
        text,
        "error: you may not create configmaps in `alice`, create services in `alice`, create leases in \
         `alice`, delete configmaps in `alice`, delete services in `alice`, delete leases in `alice`, \
         get leases in `alice`, patch configmaps in `alice`, patch services in `alice`, update \
         leases in `alice` on windlass; nothing was pushed or written\n\
         hint: kubectl --context windlass -n alice auth can-i --list\n"
    );
    assert_eq!(exit, Exit::Preflight);
    assert_eq!(fake.writes(), [""; 0]);
}

#[tokio::test]
async fn a_dry_run_shows_the_plan_and_no_more() {
    let fake = applied(Scenario::Usual).await;
    let ran = run(&case(&fake.address, "replace"), &["--dry-run"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert!(
        ran.screen
            .ends_with("\n  replace ConfigMap `alice/redis`\n  replace Service `alice/redis`"),
        "{}",
        ran.screen
    );
    assert_eq!(fake.writes(), [""; 0]);
}

fn nothing_written(fake: &Fake, (text, exit): &(String, Exit), want: &str) {
    assert_eq!(text, want);
    assert_eq!(*exit, Exit::Write);
    assert_eq!(fake.writes(), [""; 0]);
}

#[tokio::test]
async fn a_port_of_another_service_is_seen_before_anything_goes() {
    // The write says so, whatever the object holds; or only the creation does, of a port that the
    // object does not hold.
    let moved = json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "redis", "namespace": "alice"},
        "spec": {"ports": [{"port": 80, "nodePort": 30081}]}});
    for (scenario, held) in [(Scenario::TakenPorts, 30081), (Scenario::TakesPorts, 30080)] {
        let fake = applied(scenario).await;
        let mut live = fake.object(SERVICE).expect("there");
        live["spec"] = json!({"ports": [{"port": 80, "nodePort": held}]});
        fake.put(SERVICE, live);
        let mut case = case(&fake.address, "replace");
        replace_service(&mut case, &moved);
        nothing_written(
            &fake,
            &run(&case, &[]).await.failure(),
            "error: cannot replace Service `alice/redis`; nothing was pushed or written\n\
             cause: spec.ports[0].nodePort: provided port is already allocated\n",
        );
    }
}

#[tokio::test]
async fn a_deletion_that_is_refused_is_seen_before_anything_goes() {
    let fake = applied(Scenario::Guards).await;
    nothing_written(
        &fake,
        &run(&case(&fake.address, "replace"), &[]).await.failure(),
        "error: cannot replace ConfigMap `alice/redis`; nothing was pushed or written\n\
         cause: not this one\n",
    );
}

#[tokio::test]
async fn a_kept_kind_that_cannot_be_made_is_seen_before_anything_goes() {
    let fake = applied(Scenario::Full).await;
    let mut case = case(&fake.address, "replace");
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "alice"}});
    case.add("//services/redis:data", "PersistentVolumeClaim", &claim);
    nothing_written(
        &fake,
        &run(&case, &[]).await.failure(),
        "error: cannot make PersistentVolumeClaim `alice/data`; nothing was pushed or written\n\
         cause: exceeded quota: claims\n",
    );
}

#[tokio::test]
async fn what_is_waited_for_must_be_listable() {
    let want = |kinds: &str| {
        format!(
            "error: you may not {kinds} on windlass; nothing was pushed or written\n\
             hint: kubectl --context windlass -n alice auth can-i --list\n"
        )
    };
    let both = want("list configmaps in `alice`, list services in `alice`");
    for verb in ["replace", "delete"] {
        let fake = applied(Scenario::HidesLists).await;
        let (text, exit) = run(&case(&fake.address, verb), &[]).await.failure();
        assert_eq!((text, exit), (both.clone(), Exit::Preflight), "{verb}");
        assert_eq!(fake.writes(), [""; 0]);
    }
    // What somebody else deletes is waited for as well.
    let fake = applied(Scenario::HidesLists).await;
    fake.begin_deletion(SERVICE);
    let (text, _) = run(&case(&fake.address, "apply"), &[]).await.failure();
    assert_eq!(text, want("list services in `alice`"));
    // Nobody waits, nobody lists; nor are claims looked for.
    let fake = applied(Scenario::HidesLists).await;
    let mut case = case(&fake.address, "delete");
    add_set(&mut case, &fake, "Delete", "Delete");
    fake.requests();
    let ran = run(&case, &["--wait=false"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    let requests = fake.requests();
    let lists = |request: &&String| request.ends_with("/persistentvolumeclaims");
    assert_eq!(requests.iter().find(lists), None);
    // Whoever waits for the set waits for its claims.
    add_set(&mut case, &fake, "Delete", "Delete");
    let (text, _) = run(&case, &[]).await.failure();
    assert_eq!(
        text,
        want("list persistentvolumeclaims in `alice`, list statefulsets in `alice`")
    );
}

const SET: &str = "/apis/apps/v1/namespaces/alice/statefulsets/redis";
const CLAIM: &str = "/api/v1/namespaces/alice/persistentvolumeclaims/data-redis-0";

/// Puts a stateful set with a claim there, and wants it in the place of the `Service`.
fn add_set(case: &mut Case, fake: &Fake, live: &str, desired: &str) {
    let set = |policy: &str| {
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
            "metadata": {"name": "redis", "namespace": "alice"},
            "spec": {"replicas": 0,
                "persistentVolumeClaimRetentionPolicy": {"whenDeleted": policy}}})
    };
    replace_service(case, &set(desired));
    let mut there = set(live);
    there["metadata"]["uid"] = json!("old-set");
    there["metadata"]["resourceVersion"] = json!("1");
    there["metadata"]["managedFields"] = json!([{"manager": "windlass"}]);
    fake.put(SET, there);
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data-redis-0", "namespace": "alice", "uid": "claim",
            "ownerReferences": [{"uid": "old-set"}]}});
    fake.put(CLAIM, claim);
}

#[tokio::test]
async fn claims_go_by_what_the_set_that_is_there_says() {
    let fake = applied(Scenario::Usual).await;
    let mut case = case(&fake.address, "replace");
    add_set(&mut case, &fake, "Delete", "Retain");
    let (text, exit) = run(&case, &[]).await.failure();
    assert_eq!(
        text,
        "error: cannot replace StatefulSet `alice/redis`: claims go with what is there: \
         whenDeleted: got `Delete`, want `Retain`; nothing was pushed or written\n\
         hint: bazel run //services/client:myns-deep.apply\n"
    );
    assert_eq!(exit, Exit::Preflight);
    assert_eq!(fake.writes(), [""; 0]);
    let note = "note    StatefulSet `alice/redis` takes its claims with it: data-redis-0";
    // The claim is never gone here, and the new set must not find it.
    add_set(&mut case, &fake, "Delete", "Delete");
    let ran = run(&case, &["--timeout=1s"]).await;
    assert!(ran.screen.contains(note), "{}", ran.screen);
    let (text, _) = ran.failure();
    let left = "error: PersistentVolumeClaim `alice/data-redis-0` not gone after 1.0 s\n";
    assert!(text.starts_with(left), "{text}");
    assert_eq!(fake.writes(), [format!("DELETE {SET}")]);
    // One that stays is not waited for.
    add_set(&mut case, &fake, "Retain", "Delete");
    let ran = run(&case, &["--wait=false"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert!(!ran.screen.contains("note"), "{}", ran.screen);
    assert!(fake.object(CLAIM).is_some());
}
