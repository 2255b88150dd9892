//! What groups own: pruning, adoption, leases, gates, and what the second run asks.

use std::time::Duration;

use serde_json::{Value, json};
use windlass_report::Exit;

use super::case::{Case, case, case_with_a_pod, checkout, leave_a_group, run};
use super::fake::{Fake, Scenario};
use crate::inventory::InventoryId;

const MAP: &str = "/api/v1/namespaces/alice/configmaps/redis";
const RENAMED: &str = "/api/v1/namespaces/alice/configmaps/renamed";

fn inventory() -> String {
    let id = InventoryId::of("demo/redis/myns", "alice");
    format!("/api/v1/namespaces/alice/configmaps/{}", id.name)
}

fn remembered(fake: &Fake) -> Vec<String> {
    let object = fake.object(&inventory()).unwrap_or_default();
    let lines = object["data"]["objects"].as_str().unwrap_or_default();
    let name = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    lines.lines().map(name).collect()
}

fn map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "v"},
        "metadata": {"name": name, "namespace": "alice"}})
}

async fn applied(case: &Case) {
    let ran = run(case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
}

#[tokio::test]
async fn a_second_run_reads_and_asks_nothing_more() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let case = case(&fake.address, "apply");
    applied(&case).await;
    assert_eq!(
        remembered(&fake),
        ["ConfigMap alice/redis", "Service alice/redis"]
    );
    let (books, _) = (fake.books(), fake.requests());
    applied(&case).await;
    assert_eq!(fake.books(), books);
    let requests = fake.requests();
    assert!(
        requests.iter().all(|request| request.starts_with("GET ")),
        "{requests:?}"
    );
    assert_eq!(requests.len(), 7, "{requests:?}");
}

#[tokio::test]
async fn what_was_renamed_goes_in_the_same_run() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let case = case(&fake.address, "apply");
    applied(&case).await;
    case.write("ConfigMap", &map("renamed"));
    let dry = run(&case, &["--dry-run"]).await;
    assert!(
        dry.screen
            .contains("1 object to create, 0 to change, 1 as wanted, 1 to prune"),
        "{}",
        dry.screen
    );
    assert!(
        dry.screen.contains("\n  prune   ConfigMap `alice/redis`"),
        "{}",
        dry.screen
    );
    let ran = run(&case, &[]).await;
    assert!(
        ran.screen.contains(": 1 created, 1 as wanted, 1 pruned"),
        "{}",
        ran.screen
    );
    let writes = fake.writes();
    assert_eq!(
        writes[2..],
        [format!("PATCH {RENAMED}"), format!("DELETE {MAP}")]
    );
    assert_eq!(
        remembered(&fake),
        ["ConfigMap alice/renamed", "Service alice/redis"]
    );
}

#[tokio::test]
async fn an_old_object_stays_until_the_new_one_is_ready() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = case(&fake.address, "apply");
    applied(&case).await;
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": {},
        "metadata": {"name": "new", "namespace": "alice"}});
    super::case::replace_service(&mut case, &pod);
    let (text, exit) = run(&case, &["--timeout=1s"]).await.failure();
    assert_eq!(exit, Exit::Rollout);
    assert!(text.contains("1 of 1 written, 0 of 1 pruned"), "{text}");
    assert!(
        fake.object("/api/v1/namespaces/alice/services/redis")
            .is_some()
    );
}

#[tokio::test]
async fn data_is_never_pruned_but_named_with_what_removes_it() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = case(&fake.address, "apply");
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {},
        "metadata": {"name": "data", "namespace": "alice"}});
    case.add_as("//services/redis:myns-claim", "claim", &claim);
    assert!(run(&case, &["--wait=false"]).await.result.is_ok());
    let objects = case.request["groups"][0]["objects"].as_array_mut();
    objects.expect("objects").pop();
    let ran = run(&case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    let left = "left    PersistentVolumeClaim `alice/data`: no target describes it; to remove it: \
                kubectl --context windlass -n alice delete persistentvolumeclaim data";
    assert!(ran.screen.contains(left), "{}", ran.screen);
    assert!(
        ran.screen
            .contains(": nothing changed, 2 objects as wanted"),
        "{}",
        ran.screen
    );
    assert!(remembered(&fake).contains(&"PersistentVolumeClaim alice/data".to_owned()));
}

#[tokio::test]
async fn what_is_another_groups_by_now_is_forgotten_and_not_pruned() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let case = case(&fake.address, "apply");
    applied(&case).await;
    let mut live = fake.object(MAP).expect("there");
    live["metadata"]["labels"]["applyset.kubernetes.io/part-of"] = json!("applyset-other-v1");
    fake.put(MAP, live);
    case.write("ConfigMap", &map("renamed"));
    applied(&case).await;
    assert!(fake.object(MAP).is_some());
    assert_eq!(
        remembered(&fake),
        ["ConfigMap alice/renamed", "Service alice/redis"]
    );
}

#[tokio::test]
async fn an_object_by_itself_prunes_nothing_and_stays_in_its_set() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = case(&fake.address, "apply");
    applied(&case).await;
    let set = |fake: &Fake| {
        let object = fake.object(MAP).expect("there");
        object["metadata"]["labels"]["applyset.kubernetes.io/part-of"].clone()
    };
    let (member, books) = (set(&fake), fake.books());
    assert!(member.is_string());
    let group = &mut case.request["groups"][0];
    group["id"] = json!("demo/services/redis/myns-configmap/myns");
    group["members"] = json!("part");
    group["objects"].as_array_mut().expect("objects").pop();
    let mut changed = map("redis");
    changed["data"]["k"] = json!("w");
    case.write("ConfigMap", &changed);
    applied(&case).await;
    assert_eq!((set(&fake), fake.books()), (member, books));
    assert_eq!(fake.writes().len(), 3);
}

#[tokio::test]
async fn things_of_others_are_taken_when_somebody_asks() {
    let fake = Fake::start(Scenario::Owned, &["alice"]).await;
    let mut live = map("redis");
    live["metadata"]["uid"] = json!("u");
    live["metadata"]["resourceVersion"] = json!("1");
    live["metadata"]["managedFields"] = json!([{"manager": "helm", "operation": "Update"}]);
    fake.put(MAP, live);
    let case = case(&fake.address, "apply");
    let ran = run(&case, &["--adopt"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert!(
        ran.screen
            .contains("1 object to create, 0 to change, 0 as wanted, 1 to adopt"),
        "{}",
        ran.screen
    );
    assert!(
        ran.screen.contains(": 1 created, 1 adopted"),
        "{}",
        ran.screen
    );
    let owner = &fake.object(MAP).expect("there")["metadata"]["managedFields"][0]["manager"];
    assert_eq!(*owner, "windlass");
}

#[tokio::test]
async fn delete_takes_what_is_left_over_and_leaves_no_books() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = case(&fake.address, "apply");
    applied(&case).await;
    case.write("ConfigMap", &map("renamed"));
    case.request["verb"] = json!("delete");
    let ran = run(&case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert!(ran.screen.ends_with(": 2 deleted"), "{}", ran.screen);
    assert_eq!(fake.object(MAP), None);
    assert_eq!(fake.object(&inventory()), None);
    let objects = fake.state.lock().expect("lock").objects.clone();
    let left: Vec<&String> = objects
        .keys()
        .filter(|path| path.contains("/alice/"))
        .collect();
    assert_eq!(left, [""; 0]);
}

/// The usual group, and one above it with a `ConfigMap`.
fn two_groups(server: &str) -> Case {
    let mut case = case_with_a_pod(server, "apply");
    case.request["environment"]["rollout"] = json!("gated");
    case.write("above", &map("above"));
    let above = json!({"id": "demo/client/myns", "label": "//services/client:myns-shallow",
        "objects": [{"label": "//services/client:myns-map", "kind": "ConfigMap", "manifest": "above"}]});
    case.request["groups"]
        .as_array_mut()
        .expect("groups")
        .push(above);
    case.request["edges"] = json!([{"group": "demo/client/myns", "needs": "demo/redis/myns"}]);
    case
}

#[tokio::test]
async fn a_gate_keeps_what_is_above_it_as_it_was() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let case = two_groups(&fake.address);
    let (text, exit) = run(&case, &["--timeout=1s"]).await.failure();
    assert_eq!(exit, Exit::Rollout);
    assert!(
        text.contains(
            "state: 2 of 3 written, client waits for redis, behind HEAD: 1 object of client;"
        ),
        "{text}"
    );
    assert_eq!(fake.writes().len(), 2);
    // Somebody makes the pod ready: the rerun goes on from there.
    let path = "/api/v1/namespaces/alice/pods/redis";
    let mut pod = fake.object(path).expect("there");
    pod["status"] = json!({"conditions": [{"type": "Ready", "status": "True"}]});
    fake.put(path, pod);
    let ran = run(&case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert_eq!(fake.writes().len(), 3);
}

#[tokio::test]
async fn two_runs_at_once_take_turns_and_the_second_has_nothing_to_do() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let (first, mut second) = (case(&fake.address, "apply"), case(&fake.address, "apply"));
    second.environment.holder = "bob@desk, process 7".to_owned();
    let (one, two) = tokio::join!(run(&first, &[]), run(&second, &[]));
    for ran in [&one, &two] {
        assert!(ran.result.is_ok(), "{:?}", ran.result);
    }
    assert_eq!(fake.writes().len(), 2, "{}\n{}", one.screen, two.screen);
    let waited = [&one, &two].map(|ran| ran.screen.contains("nothing changed"));
    assert_eq!(
        waited.iter().filter(|waited| **waited).count(),
        1,
        "{}\n{}",
        one.screen,
        two.screen
    );
}

/// A lease of a group that somebody holds who was killed; gives back its path.
fn leave_a_lease(fake: &Fake, group: &str) -> String {
    let id = InventoryId::of(group, "alice");
    let path = format!(
        "/apis/coordination.k8s.io/v1/namespaces/alice/leases/{}",
        id.name
    );
    let lease = json!({"metadata": {"resourceVersion": "1", "uid": "l"},
        "spec": {"holderIdentity": "bob@desk, process 7", "leaseDurationSeconds": 1}});
    fake.put(&path, lease);
    path
}

#[tokio::test]
async fn the_lease_of_somebody_who_was_killed_runs_out() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let path = leave_a_lease(&fake, "demo/redis/myns");
    let started = std::time::Instant::now();
    let ran = run(&case(&fake.address, "apply"), &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert!(started.elapsed() >= Duration::from_secs(1));
    let note = "note    waits for `redis`: bob@desk, process 7 changes it\n";
    assert_eq!(ran.screen.matches(note).count(), 1, "{}", ran.screen);
    assert_eq!(fake.object(&path), None);
}

#[tokio::test]
async fn all_leases_of_somebody_who_was_killed_run_out_together() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = two_groups(&fake.address);
    case.request["environment"]["rollout"] = json!("parallel");
    let groups = ["demo/client/myns", "demo/redis/myns"];
    let leases = groups.map(|group| leave_a_lease(&fake, group));
    // Also for those who do not wait for anything else.
    let ran = run(&case, &["--wait=false"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert_eq!(ran.screen.matches("waits for `client`").count(), 1);
    assert_eq!(ran.screen.matches("waits for `redis`").count(), 0);
    assert_eq!(leases.map(|path| fake.object(&path)), [None, None]);
}

#[tokio::test]
async fn what_others_change_meanwhile_is_leased_too() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = two_groups(&fake.address);
    case.request["environment"]["rollout"] = json!("parallel");
    let flags = &["--wait=false"];
    assert!(run(&case, flags).await.result.is_ok());
    let mut changed = map("redis");
    changed["data"]["k"] = json!("w");
    case.write("ConfigMap", &changed);
    leave_a_lease(&fake, "demo/redis/myns");
    let client = InventoryId::of("demo/client/myns", "alice").name;
    let leased = |fake: &Fake| {
        let of_client = |one: &&String| one.contains("/leases/") && one.contains(&client);
        fake.books().iter().filter(of_client).count()
    };
    let before = leased(&fake);
    let meanwhile = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let mut state = fake.state.lock().expect("lock");
        state
            .objects
            .remove("/api/v1/namespaces/alice/configmaps/above");
    };
    let (ran, ()) = tokio::join!(run(&case, flags), meanwhile);
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert!(
        ran.screen.contains(": 1 created, 1 changed"),
        "{}",
        ran.screen
    );
    assert!(leased(&fake) > before, "{:?}", fake.books());
}

#[tokio::test]
async fn a_saved_plan_is_carried_out_as_it_was_shown_or_not_at_all() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = case(&fake.address, "apply");
    case.environment.working_directory = Some(case.folder.clone());
    let saved = run(&case, &["--dry-run", "--save-plan=plan.json"]).await;
    assert!(saved.result.is_ok(), "{:?}", saved.result);
    assert_eq!(fake.writes(), [""; 0]);
    let text = std::fs::read_to_string(case.folder.join("plan.json")).expect("written");
    assert!(text.contains("\"ConfigMap alice/redis\""), "{text}");
    let planned = run(&case, &["--plan=plan.json"]).await;
    assert!(planned.result.is_ok(), "{:?}", planned.result);
    let writes = fake.writes();
    assert_eq!(writes.len(), 2);
    let (text, exit) = run(&case, &["--plan=plan.json"]).await.failure();
    assert_eq!(exit, Exit::Preflight);
    assert!(
        text.contains("| ConfigMap alice/redis: planned `create`, now `same`"),
        "{text}"
    );
    assert_eq!(fake.writes(), writes);
}

#[tokio::test]
async fn the_server_is_asked_about_what_would_be_made() {
    let fake = Fake::start(Scenario::Refuses, &["alice"]).await;
    let case = case(&fake.address, "apply");
    assert!(run(&case, &["--dry-run"]).await.result.is_ok());
    let (text, exit) = run(&case, &["--dry-run=server"]).await.failure();
    assert_eq!(exit, Exit::Write);
    assert_eq!(
        text,
        "error: cannot make Service `alice/redis`; nothing was pushed or written\n\
         cause: spec.ports: Required value\n"
    );
    assert_eq!((fake.writes().len(), fake.books().len()), (0, 0));
}

#[tokio::test]
async fn what_a_service_has_left_is_listed_and_deleted_on_request() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    leave_a_group(&fake);
    let mut case = case(&fake.address, "orphans");
    let describes = r#"echo '{"rule": {"name": "//services/redis:myns-shallow"}}'"#;
    checkout(&mut case, describes);
    let ran = run(&case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert_eq!(
        ran.data,
        "//services/old:myns-shallow (demo/old/myns)\n  Service alice/old\n"
    );
    let next = "\nnext: bazel run //prod:orphans.myns -- --delete";
    assert!(ran.screen.ends_with(next), "{}", ran.screen);
    assert_eq!((fake.writes().len(), fake.books().len()), (0, 0));
    let ran = run(&case, &["--delete"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert!(ran.screen.ends_with(": 1 deleted"), "{}", ran.screen);
    let left = fake.state.lock().expect("lock").objects.clone();
    assert!(
        !left.keys().any(|path| path.contains("/alice/")),
        "{:?}",
        left.keys()
    );
    assert_eq!(run(&case, &[]).await.data, "");
}

#[tokio::test]
async fn what_the_checkout_describes_is_not_listed() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    leave_a_group(&fake);
    let mut case = case(&fake.address, "orphans");
    let group = r#""attribute": [{"name": "group", "stringValue": "old"}]"#;
    let rule = format!(r#"{{"rule": {{"name": "//moved/old:myns-shallow", {group}}}}}"#);
    checkout(&mut case, &format!("echo '{rule}'"));
    let ran = run(&case, &["--delete"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert_eq!(ran.data, "");
    assert!(
        fake.object("/api/v1/namespaces/alice/services/old")
            .is_some()
    );
}

#[tokio::test]
async fn a_service_of_the_same_name_elsewhere_takes_nothing_away() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = case(&fake.address, "apply");
    applied(&case).await;
    case.write("ConfigMap", &map("renamed"));
    let label = |case: &mut Case, label: &str| {
        case.request["groups"][0]["label"] = json!(label);
    };
    label(&mut case, "//other/redis:myns-shallow");
    let (text, exit) = run(&case, &[]).await.failure();
    assert_eq!(exit, Exit::Preflight);
    let owner = "ConfigMap `alice/redis`: made by `//services/redis:myns-shallow`";
    assert!(text.contains(owner), "{text}");
    assert_eq!(fake.writes().len(), 2);
    // Another target of the same package is the same service.
    label(&mut case, "//services/redis:myns-all");
    let ran = run(&case, &[]).await;
    assert!(ran.screen.contains("1 pruned"), "{}", ran.screen);
}
