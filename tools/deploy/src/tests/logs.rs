//! `logs`: each line once, with the name of who said it.

use serde_json::{Value, json};

use super::case::{Buffer, Case, case, replace_service, run, run_with, until};
use super::fake::{Fake, LogEnd, Scenario};
use crate::environment::Output;
use crate::progress::Progress;

use LogEnd::{Broken, Open, Whole};

const PODS: &str = "/api/v1/namespaces/alice/pods";

/// A case of a `ConfigMap` and a deployment, which is there with its replica set.
fn with_deployment(fake: &Fake) -> Case {
    let mut case = case(&fake.address, "logs");
    let mut deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "redis", "namespace": "alice"}, "spec": {}});
    replace_service(&mut case, &deployment);
    deployment["metadata"]["uid"] = json!("d");
    let apps = "/apis/apps/v1/namespaces/alice";
    fake.put(&format!("{apps}/deployments/redis"), deployment);
    let set = json!({"metadata": {"name": "redis-6f5d", "namespace": "alice", "uid": "s",
        "ownerReferences": [{"uid": "d"}]}});
    fake.put(&format!("{apps}/replicasets/redis-6f5d"), set);
    case
}

/// Puts a pod of an owner there, with the status of its container `main`.
fn put_pod(fake: &Fake, name: &str, owner: &str, status: &Value) {
    let pod = json!({"metadata": {"name": name, "namespace": "alice", "uid": name,
            "ownerReferences": [{"uid": owner}]},
        "spec": {"containers": [{"name": "main"}]},
        "status": {"phase": "Running", "containerStatuses": [status]}});
    fake.put(&format!("{PODS}/{name}"), pod);
}

fn runs(id: &str) -> Value {
    json!({"name": "main", "containerID": id, "state": {"running": {}}})
}

fn ran(id: &str) -> Value {
    json!({"name": "main", "state": {"terminated": {"containerID": id, "exitCode": 0}}})
}

fn asked(fake: &Fake) -> Vec<String> {
    fake.state.lock().expect("lock").logs.asked.clone()
}

#[track_caller]
fn sorted(data: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = data.lines().collect();
    lines.sort_unstable();
    lines
}

#[tokio::test]
async fn all_containers_of_all_pods_speak() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let case = with_deployment(&fake);
    put_pod(&fake, "redis-6f5d-a", "s", &runs("1"));
    put_pod(&fake, "other", "x", &runs("2"));
    let pod = json!({"metadata": {"name": "redis-6f5d-b", "namespace": "alice", "uid": "b",
            "ownerReferences": [{"uid": "s"}]},
        "spec": {"initContainers": [{"name": "prepare"}], "containers": [{"name": "main"}]},
        "status": {"initContainerStatuses": [{"name": "prepare",
                "state": {"terminated": {"containerID": "3"}}}],
            "containerStatuses": [{"name": "main",
                "state": {"waiting": {"reason": "PodInitializing"}}}]}});
    fake.put(&format!("{PODS}/redis-6f5d-b"), pod);
    let first = b"2024-01-01T00:00:01Z starting\n2024-01-01T00:00:02Z \xff ready\n";
    fake.says("redis-6f5d-a/main", &[(first, Whole)]);
    let prepared = b"2024-01-01T00:00:01.5Z prepared, no end";
    fake.says("redis-6f5d-b/prepare", &[(prepared, Whole)]);
    let data = Buffer::default();
    let progress = Progress::new(Output::Memory, Box::new(data.clone()));
    let result = run_with(&case, &[], &progress, std::future::pending()).await;
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(
        sorted(&data.text()),
        [
            "redis/redis-6f5d-a main | starting",
            "redis/redis-6f5d-a main | \u{fffd} ready",
            "redis/redis-6f5d-b prepare | prepared, no end",
        ]
    );
    let bytes = data.bytes();
    assert!(bytes.windows(8).any(|part| part == b"\xff ready\n"));
    let said = progress.kept();
    let note = "note    redis/redis-6f5d-b main has not started: PodInitializing";
    assert_eq!(said[1..], [note]);
    assert_eq!(fake.writes(), [""; 0]);
}

#[tokio::test]
async fn flags_say_which_lines_of_which_container() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let case = with_deployment(&fake);
    let mut status = runs("2");
    status["lastState"] = json!({"terminated": {"containerID": "1"}});
    put_pod(&fake, "redis-6f5d-a", "s", &status);
    put_pod(&fake, "redis-6f5d-b", "s", &runs("3"));
    for pod in ["redis-6f5d-a", "redis-6f5d-b"] {
        fake.says(&format!("{pod}/main"), &[(b"now\n", Whole)]);
    }
    fake.says("redis-6f5d-a/main previous", &[(b"before\n", Whole)]);
    let now = run(&case, &["--container=main", "--tail=5", "--since=90s"]).await;
    assert!(now.result.is_ok(), "{:?}", now.result);
    let both = [
        "redis/redis-6f5d-a main | now",
        "redis/redis-6f5d-b main | now",
    ];
    assert_eq!(sorted(&now.data), both);
    for query in asked(&fake) {
        let wanted = "main?container=main&sinceSeconds=90&tailLines=5&timestamps=true";
        assert!(query.ends_with(wanted), "{query}");
    }
    let before = run(&case, &["--previous"]).await;
    assert_eq!(before.data, "redis/redis-6f5d-a main | before\n");
    put_pod(&fake, "redis-6f5d-a", "s", &runs("2"));
    let none = run(&case, &["--previous"]).await;
    assert!(none.result.is_ok() && none.data.is_empty(), "{}", none.data);
    assert!(
        none.screen.ends_with("there is nothing before"),
        "{}",
        none.screen
    );
}

#[tokio::test]
async fn a_stream_that_breaks_goes_on_where_it_was() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let case = with_deployment(&fake);
    put_pod(&fake, "redis-6f5d-a", "s", &runs("1"));
    let all = "2024-01-01T00:00:01.1Z one\n2024-01-01T00:00:02.5Z two\n\
               2024-01-01T00:00:02.5Z three\n2024-01-01T00:00:02.5Z four\n";
    let part = &all[..all.find("four").expect("four")];
    let logs = [(part.as_bytes(), Broken), (all.as_bytes(), Whole)];
    fake.says("redis-6f5d-a/main", &logs);
    let ran = run(&case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    let words: Vec<&str> = ran
        .data
        .lines()
        .filter_map(|line| line.rsplit(' ').next())
        .collect();
    assert_eq!(words, ["one", "two", "three", "four"]);
    let asked = asked(&fake);
    assert!(!asked[0].contains("sinceTime"), "{asked:?}");
    assert!(
        asked[1].contains("sinceTime=2024-01-01T00%3A00%3A02Z"),
        "{asked:?}"
    );
}

#[tokio::test]
async fn followed_are_new_lines_restarts_and_new_pods() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let case = with_deployment(&fake);
    let data = Buffer::default();
    let progress = Progress::new(Output::Memory, Box::new(data.clone()));
    let story = async {
        until("no pod yet", || progress.kept().join("\n")).await;
        let first = "2024-01-01T00:00:01Z one\n";
        let later = format!("{first}2024-01-01T00:00:02Z two\n");
        let logs = [(first.as_bytes(), Broken), (later.as_bytes(), Open)];
        fake.says("redis-6f5d-a/main", &logs);
        put_pod(&fake, "redis-6f5d-a", "s", &runs("1"));
        data.until("main | two").await;
        // Another pod comes, and its container ends and is started again.
        let said = "2024-01-01T00:00:03Z three\n";
        fake.says("redis-6f5d-b/main", &[(said.as_bytes(), Whole)]);
        put_pod(&fake, "redis-6f5d-b", "s", &ran("2"));
        data.until("main | three").await;
        let before = format!("{said}2024-01-01T00:00:04Z last words\n");
        let before = [(before.as_bytes(), Whole)];
        fake.says("redis-6f5d-b/main previous", &before);
        let again = "2024-01-01T00:00:05Z again\n";
        fake.says("redis-6f5d-b/main", &[(again.as_bytes(), Open)]);
        let mut status = runs("3");
        status["lastState"] = json!({"terminated": {"containerID": "2"}});
        put_pod(&fake, "redis-6f5d-b", "s", &status);
        data.until("main | again").await;
    };
    let result = run_with(&case, &["--follow", "--tail=0"], &progress, story).await;
    assert!(result.is_ok(), "Ctrl-C is how it ends: {result:?}");
    assert_eq!(
        data.text(),
        "\
redis/redis-6f5d-a main | one
redis/redis-6f5d-a main | two
redis/redis-6f5d-b main | three
redis/redis-6f5d-b main | last words
redis/redis-6f5d-b main | again
"
    );
    assert_eq!(
        progress.kept()[1..],
        ["note    no pod yet: waiting for the first"]
    );
    let asked = asked(&fake);
    assert!(
        asked.iter().all(|query| !query.contains("tailLines")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn following_ends_when_nobody_will_say_more() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = case(&fake.address, "logs");
    let mut job = json!({"apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "redis", "namespace": "alice"}});
    replace_service(&mut case, &job);
    job["metadata"]["uid"] = json!("j");
    job["status"] = json!({"conditions": [{"type": "Complete", "status": "True"}]});
    fake.put("/apis/batch/v1/namespaces/alice/jobs/redis", job);
    put_pod(&fake, "redis-x", "j", &ran("1"));
    let path = format!("{PODS}/redis-x");
    let mut pod = fake.object(&path).expect("put");
    pod["status"]["phase"] = json!("Succeeded");
    fake.put(&path, pod);
    let said = b"2024-01-01T00:00:01Z done\n2024-01-01T00:00:02Z no end";
    fake.says("redis-x/main", &[(said, Whole)]);
    let ran = run(&case, &["--follow"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    let lines = ["redis/redis-x main | done", "redis/redis-x main | no end"];
    assert_eq!(ran.data.lines().collect::<Vec<_>>(), lines);
}

#[tokio::test]
async fn what_is_not_followed_and_cut_short_says_so() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let case = with_deployment(&fake);
    put_pod(&fake, "redis-6f5d-a", "s", &runs("1"));
    fake.says("redis-6f5d-a/main", &[(b"one\n", Open)]);
    let data = Buffer::default();
    let progress = Progress::new(Output::Memory, Box::new(data.clone()));
    let result = run_with(&case, &[], &progress, data.until("one")).await;
    let failure = result.expect_err("interrupted");
    assert!(
        matches!(*failure.error, crate::Error::Interrupted),
        "{failure:?}"
    );
}
