//! What machines read: each result document and each event that a test makes is as its schema
//! says, and the events of a run are these.

use std::sync::LazyLock;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};
use windlass_oci_registry_fake::Registry;
use windlass_report::Explain as _;

use super::case::{Case, add_image, case, case_with_a_pod, run};
use super::fake::{Fake, Scenario};
use crate::cli::OutputFormat;

/// The schemas, ready to compare with.
struct Compiled {
    schemas: Schemas,
    result: SchemaIndex,
    event: SchemaIndex,
}

static COMPILED: LazyLock<Compiled> = LazyLock::new(|| {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    let mut compile = |name: &str, schema: schemars::Schema| {
        compiler
            .add_resource(name, schema.to_value())
            .expect("adds");
        compiler.compile(name, &mut schemas).expect("is a schema")
    };
    let result = compile("result.json", crate::schemas::result());
    let event = compile("event.json", crate::schemas::event());
    Compiled {
        schemas,
        result,
        event,
    }
});

/// Looks at what a run printed for machines: whole documents, as their schemas have them.
pub fn check(format: OutputFormat, printed: &str) {
    let hold = |value: &Value, schema: SchemaIndex| {
        if let Err(error) = COMPILED.schemas.validate(value, schema) {
            panic!("{value:#}\n{error:#}");
        }
    };
    match format {
        OutputFormat::Text => {}
        OutputFormat::Json => hold(&parse(printed), COMPILED.result),
        OutputFormat::Ndjson => {
            let events: Vec<Value> = printed.lines().map(parse).collect();
            for event in &events {
                hold(event, COMPILED.event);
            }
            let types = events.iter().map(|event| event["type"].as_str());
            let types: Vec<&str> = types.map(|name| name.expect("a type")).collect();
            let (first, last) = (types.first(), types.last());
            assert_eq!(
                (first, last),
                (Some(&"started"), Some(&"result")),
                "{printed}"
            );
            let results = types.iter().filter(|name| **name == "result");
            assert_eq!(results.count(), 1, "{printed}");
            let document = &events[events.len() - 1]["document"];
            hold(document, COMPILED.result);
        }
    }
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect(text)
}

/// The events of a run, without what differs from run to run and without the result document.
async fn events(case: &Case, flags: &[&str]) -> Vec<Value> {
    let ran = run(case, &[&["--output=ndjson"], flags].concat()).await;
    let mut events: Vec<Value> = ran.data.lines().map(parse).collect();
    let result = events.pop().expect("a result");
    let exit = ran
        .result
        .as_ref()
        .map_or_else(|failure| failure.exit() as u8, |()| 0);
    assert_eq!(result["document"]["exit"], exit, "{result:#}");
    for event in &mut events {
        let event = event.as_object_mut().expect("an object");
        assert_eq!(event.remove("version"), Some(json!(1)));
        assert!(
            event
                .remove("seconds")
                .is_some_and(|seconds| seconds.is_f64())
        );
    }
    events
}

fn object(kind: &str) -> Value {
    json!({"label": format!("//services/redis:myns-{}", kind.to_lowercase()),
        "group": "demo/redis/myns", "apiVersion": "v1", "kind": kind, "namespace": "alice",
        "name": "redis"})
}

fn started(verb: &str) -> Value {
    json!({"type": "started", "verb": verb, "target": "//services/client:myns-deep",
        "environment": "myns", "namespace": "alice", "context": "windlass"})
}

fn connected(fake: &Fake) -> Value {
    json!({"type": "connected", "cluster": {"context": "windlass", "id": "3f9c21-kube-system",
        "server": fake.address}})
}

#[tokio::test]
async fn a_run_tells_what_it_does_while_it_does_it() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let registry = Registry::start(Vec::new()).await;
    let mut case = case(&fake.address, "apply");
    let reference = add_image(&mut case, &format!("{}/demo/redis", registry.name()));
    case.add(
        "//services/redis:myns-pod",
        "Pod",
        &super::case::pod("redis", &reference),
    );
    let events = events(&case, &["--wait=false"]).await;
    let written =
        |kind: &str| json!({"type": "written", "object": object(kind), "action": "create"});
    let want = vec![
        started("apply"),
        connected(&fake),
        json!({"type": "planned", "objects": {"create": 3}, "pushes": 1}),
        json!({"type": "pushed", "image": {"label": "//services/redis:image",
            "reference": reference, "action": "push", "done": true, "uploadedBlobs": 2,
            "uploadedBytes": 20, "skippedBytes": 0}}),
        written("ConfigMap"),
        written("Service"),
        written("Pod"),
    ];
    assert_eq!(events.last(), Some(&written("Pod")), "after its image");
    assert_eq!(sorted(events), sorted(want));
}

#[tokio::test]
async fn a_wait_tells_what_is_not_ready_and_ends_with_the_failure() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let case = case_with_a_pod(&fake.address, "apply");
    let events = events(&case, &["--timeout=1s"]).await;
    let waits = &events[5..];
    let mut pod = object("Service");
    (pod["kind"], pod["label"]) = (json!("Pod"), json!("//services/redis:myns-service"));
    let status = json!({"type": "status", "object": pod, "ready": false,
        "pods": {"ready": 0, "of": 1}, "reason": "not ready"});
    assert_eq!(waits, [status]);
}

#[tokio::test]
async fn a_group_that_is_ready_is_told_once() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let case = case(&fake.address, "apply");
    assert!(run(&case, &[]).await.result.is_ok());
    assert_eq!(
        events(&case, &[]).await,
        [
            started("apply"),
            connected(&fake),
            json!({"type": "planned", "objects": {"same": 2}, "pushes": 0}),
            json!({"type": "ready", "group": "demo/redis/myns"}),
        ]
    );
}

#[tokio::test]
async fn deletions_notes_and_verbs_that_only_look() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    assert!(run(&case(&fake.address, "apply"), &[]).await.result.is_ok());
    let status = events(&case(&fake.address, "status"), &[]).await;
    assert_eq!(status, [started("status"), connected(&fake)]);
    let deleted =
        |kind: &str| json!({"type": "deleted", "object": object(kind), "action": "delete"});
    let want = vec![
        started("delete"),
        connected(&fake),
        json!({"type": "planned", "objects": {"delete": 2}, "pushes": 0}),
        deleted("Service"),
        deleted("ConfigMap"),
    ];
    let delete = events(&case(&fake.address, "delete"), &[]).await;
    assert_eq!(sorted(delete), sorted(want));
    let fake = Fake::start(Scenario::Usual, &[]).await;
    let note = "namespace `alice` is missing: bazel run //prod:setup.apply makes it";
    assert_eq!(
        events(&case(&fake.address, "diff"), &[]).await,
        [
            started("diff"),
            connected(&fake),
            json!({"type": "note", "text": note}),
            json!({"type": "planned", "objects": {"create": 2}, "pushes": 0}),
        ]
    );
}

#[tokio::test]
async fn a_run_that_is_refused_at_once_has_a_result_too() {
    let case = case("127.0.0.1:1", "resolve");
    assert_eq!(events(&case, &[]).await, [started("resolve")]);
}

/// `run` compares the document with its schema.
#[tokio::test]
async fn each_verb_has_a_document_whether_it_goes_well_or_not() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    for (verb, result) in [
        ("diff", "planned"),
        ("status", "failed"),
        ("create", "changed"),
        ("create", "failed"),
        ("apply", "unchanged"),
        ("status", "unchanged"),
        ("replace", "changed"),
        ("push", "unchanged"),
        ("delete", "changed"),
        ("delete", "unchanged"),
    ] {
        let ran = run(&case(&fake.address, verb), &["--output=json"]).await;
        let document = parse(&ran.data);
        assert_eq!(
            (&document["verb"], &document["result"]),
            (&json!(verb), &json!(result))
        );
        assert_eq!(document["error"].is_string(), ran.result.is_err());
    }
}

#[test]
fn a_document_that_is_not_as_the_schema_says_is_seen() {
    let event = json!({"version": 1, "seconds": 0.1, "type": "ready", "group": "a"});
    let holds = |event: &Value| COMPILED.schemas.validate(event, COMPILED.event).is_ok();
    assert!(holds(&event));
    for (field, value) in [
        ("version", json!(2)),
        ("type", json!("readied")),
        ("group", Value::Null),
    ] {
        let mut wrong = event.clone();
        wrong[field] = value;
        assert!(!holds(&wrong), "{wrong}");
    }
}

/// What happens at the same time is told in any order.
fn sorted(mut events: Vec<Value>) -> Vec<Value> {
    let key = |event: &Value| format!("{} {}", event["type"], event["object"]["kind"]);
    events.sort_by_key(key);
    events
}
