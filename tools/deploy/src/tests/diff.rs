//! `diff`: what `apply` would change, and that looking changes nothing.

use serde_json::{Value, json};
use windlass_report::Exit;

use super::case::{Ran, add_image, case, replace_service, run, setup, steady};
use super::fake::{Fake, Scenario};

const MAP: &str = "/api/v1/namespaces/alice/configmaps/redis";

const HEADER: &str = "myns -> namespace alice on windlass (kube-system 3f9c21, 127.0.0.1:6443)";

fn map(value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": value},
        "metadata": {"name": "redis", "namespace": "alice", "uid": "u", "resourceVersion": "1",
            "managedFields": ours()}})
}

/// What server-side apply remembers of an object that we have written.
fn ours() -> Value {
    json!([{"manager": "windlass", "operation": "Apply"}])
}

#[track_caller]
fn looked_only(fake: &Fake) {
    assert_eq!(fake.writes(), [""; 0]);
    let requests = fake.requests();
    let reads = |request: &String| request.starts_with("GET ") || request.starts_with("DRY ");
    assert!(
        !requests.is_empty() && requests.iter().all(reads),
        "{requests:?}"
    );
}

fn fields(ran: &Ran, object: usize) -> Value {
    let outcome: Value = serde_json::from_str(&ran.data).expect("one document");
    outcome["objects"][object]["changes"].clone()
}

#[tokio::test]
async fn new_changed_and_same() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    fake.put(MAP, map("old"));
    let mut case = case(&fake.address, "diff");
    // A registry that nobody answers for: it is not asked.
    add_image(&mut case, "127.0.0.1:1/demo/redis");
    let ran = run(&case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    let want = "\
~ ConfigMap alice/redis
    data.k: \"old\" -> \"v\"
    metadata.labels:
      + app.kubernetes.io/managed-by: windlass
      + windlass.dev/environment: myns
      + applyset.kubernetes.io/part-of: applyset-p0LjJy57uP0efuK0r0nUPy-XPKmB3ecBUqGbhZAZMBM-v1
    metadata.annotations:
      + windlass.dev/object: //services/redis:myns-configmap
+ Service alice/redis
    apiVersion: v1
    kind: Service
    metadata:
      name: redis
      namespace: alice
      labels:
        app.kubernetes.io/managed-by: windlass
        windlass.dev/environment: myns
        applyset.kubernetes.io/part-of: applyset-p0LjJy57uP0efuK0r0nUPy-XPKmB3ecBUqGbhZAZMBM-v1
      annotations:
        windlass.dev/object: //services/redis:myns-service
    spec: {}
";
    assert_eq!(ran.data, want);
    assert_eq!(
        steady(&ran.screen, &fake.address),
        format!("{HEADER}\nplan    1 object to create, 1 to change, 0 as wanted")
    );
    looked_only(&fake);
    // The same whatever the order of members.
    case.request["groups"][0]["objects"]
        .as_array_mut()
        .expect("objects")
        .reverse();
    assert_eq!(run(&case, &[]).await.data, want);
}

#[tokio::test]
async fn nothing_is_shown_after_an_apply() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    assert!(run(&case(&fake.address, "apply"), &[]).await.result.is_ok());
    let ran = run(&case(&fake.address, "diff"), &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert_eq!(ran.data, "");
    assert!(
        ran.screen
            .ends_with("plan    0 objects to create, 0 to change, 2 as wanted"),
        "{}",
        ran.screen
    );
}

#[tokio::test]
async fn the_document_holds_the_fields() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    fake.put(MAP, map("old"));
    let ran = run(&case(&fake.address, "diff"), &["--output=json"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    let outcome: Value = serde_json::from_str(&ran.data).expect("one document and nothing else");
    assert_eq!(outcome["result"], "planned");
    assert_eq!(outcome["objects"][0]["action"], "change");
    let first = fields(&ran, 0)[0].clone();
    assert_eq!(
        first,
        json!({"path": "data.k", "old": "old", "new": "v", "owner": null})
    );
    assert_eq!(outcome["objects"][1]["action"], "create");
    let kind = fields(&ran, 1)[1].clone();
    assert_eq!(
        kind,
        json!({"path": "kind", "old": null, "new": "Service", "owner": null})
    );
}

#[tokio::test]
async fn secrets_stay_secret() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let (old, new) = ("b2xkLXNlY3JldA==", "bmV3LXNlY3JldA==");
    let secret = |value: &str| {
        json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "data": {"password": value, "user": "cm9vdA=="},
            "metadata": {"name": "db", "namespace": "alice", "annotations":
                {"kubectl.kubernetes.io/last-applied-configuration": format!("{{{value}}}")}}})
    };
    let mut live = secret(old);
    live["metadata"]["uid"] = json!("u");
    live["metadata"]["resourceVersion"] = json!("1");
    live["metadata"]["managedFields"] = ours();
    fake.put("/api/v1/namespaces/alice/secrets/db", live);
    let mut case = case(&fake.address, "diff");
    replace_service(&mut case, &secret(new));
    for flags in [&[][..], &["--output=json"]] {
        let ran = run(&case, flags).await;
        assert!(ran.result.is_ok(), "{:?}", ran.result);
        for value in [old, new, "cm9vdA=="] {
            let said = format!("{}{}", ran.data, ran.screen);
            assert!(!said.contains(value), "{said}");
        }
        if flags.is_empty() {
            let text = ran.data;
            assert!(
                text.contains("    data.password: \"***\" -> \"*** (another value)\"\n"),
                "{text}"
            );
            assert!(!text.contains("data.user"), "{text}");
        } else {
            let change = json!({"path": "data.password", "old": "***",
                "new": "*** (another value)", "owner": null});
            let changes = fields(&ran, 1);
            let changes = changes.as_array().expect("changes");
            assert!(changes.contains(&change), "{changes:?}");
        }
    }
    // A new one shows no more.
    fake.state
        .lock()
        .expect("lock")
        .objects
        .remove("/api/v1/namespaces/alice/secrets/db");
    let ran = run(&case, &[]).await;
    assert!(
        ran.data.contains("\n      password: '***'\n"),
        "{}",
        ran.data
    );
    assert!(!ran.data.contains(new), "{}", ran.data);
}

#[tokio::test]
async fn a_namespace_that_is_missing_is_no_error() {
    let fake = Fake::start(Scenario::Usual, &[]).await;
    let ran = run(&case(&fake.address, "diff"), &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert!(
        ran.data.starts_with("+ ConfigMap alice/redis\n"),
        "{}",
        ran.data
    );
    assert!(
        ran.data.contains("\n+ Service alice/redis\n"),
        "{}",
        ran.data
    );
    assert_eq!(
        steady(&ran.screen, &fake.address),
        format!(
            "{HEADER}\n\
             note    namespace `alice` is missing: bazel run //prod:setup.apply makes it\n\
             plan    2 objects to create, 0 to change, 0 as wanted"
        )
    );
    looked_only(&fake);
}

#[tokio::test]
async fn a_kind_that_is_missing_is_no_error() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = case(&fake.address, "diff");
    let object = json!({"apiVersion": "x.dev/v1", "kind": "Rule",
        "metadata": {"name": "r", "namespace": "alice"}});
    replace_service(&mut case, &object);
    let ran = run(&case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert!(ran.data.contains("\n+ Rule alice/r\n") || ran.data.starts_with("+ Rule alice/r\n"));
    assert!(
        ran.screen.contains(
            "note    kind Rule of `x.dev/v1` is missing: bazel run //prod:setup.apply brings it"
        ),
        "{}",
        ran.screen
    );
}

#[tokio::test]
async fn conflicts_are_shown_and_then_told_as_apply_tells_them() {
    let fake = Fake::start(Scenario::Owned, &["alice"]).await;
    fake.put(MAP, map("theirs"));
    let case = case(&fake.address, "diff");
    let ran = run(&case, &[]).await;
    assert!(
        ran.data.starts_with(
            "~ ConfigMap alice/redis\n    data.k: \"theirs\" -> \"v\"  (owned by `helm`)\n"
        ),
        "{}",
        ran.data
    );
    assert!(
        ran.data.contains("\n+ Service alice/redis\n"),
        "{}",
        ran.data
    );
    let (text, exit) = ran.failure();
    assert_eq!(
        text,
        "error: 1 field of ConfigMap `alice/redis` is owned by other managers; nothing was pushed or \
         written\n  \
         | ConfigMap `alice/redis` data.k: owned by `helm`\n\
         hint: bazel run //services/client:myns-deep.apply -- --force-conflicts\n"
    );
    assert_eq!(exit, Exit::Write);
    let document = run(&case, &["--output=json"]).await;
    assert_eq!(fields(&document, 0)[0]["owner"], "helm");
    looked_only(&fake);
    let ran = run(&case, &["--force-conflicts"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert!(ran.data.contains("\"theirs\" -> \"v\"\n"), "{}", ran.data);
}

#[tokio::test]
async fn a_refusal_hides_no_other_change() {
    let fake = Fake::start(Scenario::Refuses, &["alice"]).await;
    fake.put(MAP, map("old"));
    let service = json!({"apiVersion": "v1", "kind": "Service", "spec": {},
        "metadata": {"name": "redis", "namespace": "alice", "uid": "s", "resourceVersion": "1",
            "managedFields": ours()}});
    fake.put("/api/v1/namespaces/alice/services/redis", service);
    let case = case(&fake.address, "diff");
    let ran = run(&case, &[]).await;
    assert!(
        ran.data
            .starts_with("~ ConfigMap alice/redis\n    data.k: \"old\" -> \"v\"\n"),
        "{}",
        ran.data
    );
    assert!(!ran.data.contains("Service"), "{}", ran.data);
    assert_eq!(steady(&ran.screen, &fake.address), HEADER);
    assert_eq!(ran.failure().1, Exit::Write);
    let document = run(&case, &["--output=json"]).await;
    assert_eq!(fields(&document, 0)[0]["path"], "data.k");
    assert_eq!(fields(&document, 1), json!([]));
    let outcome: Value = serde_json::from_str(&document.data).expect("one document");
    assert_eq!(
        (&outcome["result"], &outcome["exit"]),
        (&json!("failed"), &json!(6))
    );
    looked_only(&fake);
}

#[tokio::test]
async fn a_password_in_the_url_is_never_shown() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let case = case(&fake.address, "diff");
    let server = format!("http://u:hunter2@{}", fake.address);
    case.write_kubeconfig(&json!({"server": server}), &json!({}));
    let ran = run(&case, &["--output=json"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert!(ran.screen.contains(&fake.address), "{}", ran.screen);
    let outcome: Value = serde_json::from_str(&ran.data).expect("one document");
    assert_eq!(outcome["cluster"]["server"], fake.address);
    for text in [&ran.screen, &ran.data] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    // Nor where nobody answers.
    let server = "http://u:hunter2@127.0.0.1:1";
    case.write_kubeconfig(&json!({"server": server}), &json!({}));
    let ran = run(&case, &["--output=json"]).await;
    let (text, exit) = ran.failure();
    assert_eq!(exit, Exit::Preflight);
    for text in [&text, &ran.screen, &ran.data] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert!(text.contains("127.0.0.1:1"), "{text}");
}

#[tokio::test]
async fn the_hint_of_a_conflict_keeps_the_second_word() {
    let fake = Fake::start(Scenario::Owned, &["alice"]).await;
    for (verb, flags, typed) in [
        ("apply", &[][..], "apply -- --force-conflicts\n"),
        (
            "replace",
            &["--yes-really=myns"],
            "replace -- --force-conflicts --yes-really=myns\n",
        ),
    ] {
        fake.put(MAP, map("theirs"));
        let mut case = case(&fake.address, verb);
        case.request["environment"]["protected"] = json!(true);
        if verb == "replace" {
            fake.state.lock().expect("lock").objects.remove(MAP);
        }
        let (text, exit) = run(&case, flags).await.failure();
        assert_eq!(exit, Exit::Write, "{text}");
        assert!(text.ends_with(typed), "{text}");
    }
}

#[tokio::test]
async fn setup_shows_the_owner_that_it_would_write() {
    let fake = Fake::start(Scenario::Usual, &[]).await;
    let mut case = case(&fake.address, "diff");
    setup(&mut case);
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "alice", "annotations": {"windlass.dev/personal": "true"}}});
    replace_service(&mut case, &namespace);
    let ran = run(&case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert!(ran.data.starts_with("+ Namespace alice\n"), "{}", ran.data);
    assert!(
        ran.data
            .contains("\n        windlass.dev/owner: alice@example.com\n"),
        "{}",
        ran.data
    );
}
