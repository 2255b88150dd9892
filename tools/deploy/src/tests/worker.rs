//! `worker`: the runner is asked, followed, and ended with.

use serde_json::{Value, json};
use windlass_oci_registry_fake::Registry;
use windlass_report::Exit;

use super::case::{Case, Ran, add_bundle, add_image, case, run};
use super::fake::{Fake, FakeRunner, Scenario};

/// A run against a runner that says something, look by look.
async fn worker(
    fake: &Fake,
    registry: &Registry,
    says: &[Value],
    arrange: impl FnOnce(&mut Case),
) -> Ran {
    fake.state.lock().expect("lock").runner = Some(FakeRunner {
        says: says.iter().cloned().collect(),
        ..FakeRunner::default()
    });
    let mut case = case(&fake.address, "worker");
    let name = registry.name();
    add_bundle(&mut case, &format!("{name}/demo/bundles/client/myns-deep"));
    arrange(&mut case);
    run(&case, &["--timeout=90s"]).await
}

fn asked(fake: &Fake) -> Vec<Value> {
    let state = fake.state.lock().expect("lock");
    state.runner.as_ref().expect("a runner").asked.clone()
}

fn running(text: &str) -> Value {
    json!({"phase": "Running", "log": {"pod": "p", "skipped": 0, "text": text}})
}

#[tokio::test]
async fn what_the_runner_says_is_shown_once_and_it_alone_writes() {
    let registry = Registry::start(Vec::new()).await;
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let says = [
        json!({}),
        running(""),
        running("plan    2 objects to create\n"),
        running("plan    2 objects to create\nredis   ready\n"),
        json!({"phase": "Succeeded", "exitCode": 0, "log": {"pod": "p", "skipped": 0,
            "text": "plan    2 objects to create\nredis   ready\ndone\n"}}),
    ];
    let mut bundle = String::new();
    let ran = worker(&fake, &registry, &says, |case| {
        add_image(case, &format!("{}/demo/redis", registry.name()));
        let repository = format!("{}/demo/bundles/client/myns-deep", registry.name());
        bundle = add_bundle(case, &repository);
    })
    .await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    let lines: Vec<&str> = ran.screen.lines().collect();
    assert!(
        lines[0].starts_with("myns -> namespace alice on windlass (127.0.0.1:"),
        "{lines:#?}"
    );
    assert_eq!(lines[2], "plan      2 images to push, 0 already there");
    let about = lines.iter().position(|line| line.starts_with("asked "));
    let rest = &lines[about.expect("it was asked") + 1..];
    assert_eq!(
        rest[..3],
        ["plan    2 objects to create", "redis   ready", "done"],
        "{lines:#?}"
    );
    assert!(
        rest[3].ends_with(": applied by the runner of windlass"),
        "{lines:#?}"
    );
    let asked = asked(&fake);
    assert_eq!(
        asked[0]["spec"],
        json!({"target": "//services/client:myns-deep", "bundle": bundle, "timeoutSeconds": 90})
    );
    assert_eq!(asked.len(), 1);
    assert_eq!(fake.writes(), [""; 0]);
    assert_eq!(fake.books(), [""; 0]);
}

#[tokio::test]
async fn it_ends_as_the_apply_did() {
    let registry = Registry::start(Vec::new()).await;
    for (code, want) in [
        (json!(5), Exit::Rollout),
        (json!(6), Exit::Write),
        (json!(137), Exit::Failure),
        (Value::Null, Exit::Rollout),
    ] {
        let fake = Fake::start(Scenario::Usual, &["alice"]).await;
        let failed = json!({"phase": "Failed", "exitCode": code, "message": "its Job has failed"});
        let ran = worker(&fake, &registry, &[failed], |_| {}).await;
        let (text, exit) = ran.failure();
        assert_eq!(exit, want, "{code}");
        assert_eq!(
            text,
            "error: the runner has not applied `//services/client:myns-deep`\n\
             cause: its Job has failed\n"
        );
    }
}

#[tokio::test]
async fn what_it_waits_for_is_said_once() {
    let registry = Registry::start(Vec::new()).await;
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let waits = json!({"phase": "Running", "message": "pod `p` waits: ErrImagePull"});
    let says = [waits.clone(), waits, json!({"phase": "Succeeded"})];
    let ran = worker(&fake, &registry, &says, |_| {}).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    let said = ran.screen.matches("pod `p` waits: ErrImagePull").count();
    assert_eq!(said, 1, "{}", ran.screen);
}

/// The look before the push takes nothing but the two rights that asking takes.
#[tokio::test]
async fn it_asks_nothing_of_the_cluster_but_the_runner() {
    let registry = Registry::start(Vec::new()).await;
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let ran = worker(&fake, &registry, &[json!({"phase": "Succeeded"})], |_| {}).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    let requests = fake.requests();
    let is_of_the_runner = |request: &&String| {
        request.contains("/namespaces/alice/applyrequests")
            || request.ends_with("/selfsubjectaccessreviews")
    };
    let others: Vec<&String> = requests
        .iter()
        .filter(|one| !is_of_the_runner(one))
        .collect();
    assert!(others.is_empty(), "{others:?}");
}
