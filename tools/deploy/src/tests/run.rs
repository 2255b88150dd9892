//! Whole runs, from the request to the error text, with what the API server saw.

use serde_json::{Value, json};
use windlass_report::Exit;

use super::case::{HEADER, case, case_with_a_pod, pod, replace_service, run, setup, steady};
use super::fake::{Fake, Scenario};

#[tokio::test]
async fn first_run_writes_and_the_second_does_not() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let case = case(&fake.address, "apply");
    let first = run(&case, &[]).await;
    assert!(first.result.is_ok(), "{:?}", first.result);
    assert_eq!(
        steady(&first.screen, &fake.address),
        format!(
            "{HEADER}\
             plan    0 images to push, 2 objects to create, 0 to change, 0 as wanted\n\
             redis   ConfigMap, Service                         2/2 ready   0.1 s\n\
             done in 0.1 s: 2 created\n\
             next: edit services/redis, then bazel run //services/redis:myns-shallow.apply"
        )
    );
    let writes = fake.writes();
    assert_eq!(writes.len(), 2);
    let second = run(&case, &[]).await;
    assert!(second.result.is_ok(), "{:?}", second.result);
    assert_eq!(
        steady(&second.screen, &fake.address),
        format!(
            "{HEADER}\
             plan    0 images to push, 0 objects to create, 0 to change, 2 as wanted\n\
             done in 0.1 s: nothing changed, 2 objects as wanted"
        )
    );
    assert_eq!(fake.writes(), writes);
}

#[tokio::test]
async fn create_refuses_what_is_there() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    assert!(
        run(&case(&fake.address, "create"), &[])
            .await
            .result
            .is_ok()
    );
    let writes = fake.writes();
    let (text, exit) = run(&case(&fake.address, "create"), &[]).await.failure();
    assert_eq!(
        text,
        "error: cannot create ConfigMap `alice/redis` and 1 more: already there; nothing was pushed \
         or written\n\
         hint: bazel run //services/client:myns-deep.apply\n"
    );
    assert_eq!(exit, Exit::Preflight);
    assert_eq!(fake.writes(), writes);
}

#[tokio::test]
async fn delete_takes_ours_and_has_nothing_to_do_the_second_time() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    assert!(run(&case(&fake.address, "apply"), &[]).await.result.is_ok());
    let delete = case(&fake.address, "delete");
    assert!(run(&delete, &[]).await.result.is_ok());
    let writes = fake.writes();
    assert_eq!(
        writes[2..],
        [
            "DELETE /api/v1/namespaces/alice/services/redis",
            "DELETE /api/v1/namespaces/alice/configmaps/redis"
        ]
    );
    let second = run(&delete, &[]).await;
    assert!(second.result.is_ok(), "{:?}", second.result);
    assert!(
        second
            .screen
            .contains("plan    0 objects to delete, 2 not there"),
        "{}",
        second.screen
    );
    assert!(
        second.screen.ends_with(": nothing to do"),
        "{}",
        second.screen
    );
    assert_eq!(fake.writes(), writes);
}

#[tokio::test]
async fn delete_works_without_the_namespace() {
    let fake = Fake::start(Scenario::Usual, &[]).await;
    assert!(
        run(&case(&fake.address, "delete"), &[])
            .await
            .result
            .is_ok()
    );
}

/// A pod that reads key `password` of Secret `db`, and all of `ConfigMap` `redis`.
fn reads_secret() -> Value {
    let mut pod = pod("server", "r.io/demo/server@sha256:11");
    pod["spec"]["containers"][0]["env"] = json!([{"name": "A", "valueFrom":
        {"secretKeyRef": {"name": "db", "key": "password"}}}]);
    pod["spec"]["containers"][0]["envFrom"] = json!([{"configMapRef": {"name": "redis"}}]);
    pod
}

#[tokio::test]
async fn secrets_that_pods_name_are_read_by_name_and_may_come_with_the_plan() {
    let secret = |key: &str| {
        json!({"apiVersion": "v1", "kind": "Secret", "data": {key: "YQ=="},
            "metadata": {"name": "db", "namespace": "alice",
                "managedFields": [{"manager": "windlass", "operation": "Apply"}]}})
    };
    let path = "/api/v1/namespaces/alice/secrets/db";
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = case(&fake.address, "apply");
    replace_service(&mut case, &reads_secret());
    fake.put(path, secret("password"));
    let ran = run(&case, &["--wait=false"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    let requests = fake.requests();
    let mut secrets = requests
        .iter()
        .filter(|request| request.contains("/secrets"));
    assert_eq!(secrets.next(), Some(&format!("GET {path}")));
    assert_eq!(secrets.next(), None);
    // What the plan brings is not asked for, and what it lacks may be there.
    case.add_as("//services/redis:myns-db", "db", &secret("user"));
    let ran = run(&case, &["--wait=false"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    fake.state.lock().expect("lock").objects.remove(path);
    case.write("db", &secret("password"));
    let ran = run(&case, &["--wait=false"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
}

#[tokio::test]
async fn a_secret_that_we_may_not_read_is_said_to_be_unchecked() {
    let fake = Fake::start(Scenario::HidesSecrets, &["alice"]).await;
    let mut case = case(&fake.address, "apply");
    replace_service(&mut case, &reads_secret());
    let ran = run(&case, &["--wait=false"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    let note = "note    cannot check Secret `alice/db`: secrets is forbidden\n";
    assert!(ran.screen.contains(note), "{}", ran.screen);
    assert_eq!(fake.writes().len(), 2);
}

#[tokio::test]
async fn a_secret_in_a_namespace_that_comes_with_the_plan_cannot_be_there_yet() {
    let fake = Fake::start(Scenario::Usual, &[]).await;
    let mut case = case(&fake.address, "apply");
    setup(&mut case);
    replace_service(&mut case, &reads_secret());
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "alice"}});
    case.add_as("//prod:user", "Namespace", &namespace);
    let ran = run(&case, &["--wait=false"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    let note = "note    cannot check Secret `alice/db`: its namespace comes with this plan\n";
    assert!(ran.screen.contains(note), "{}", ran.screen);
    // Now it could be there.
    let (text, _) = run(&case, &[]).await.failure();
    assert!(
        text.starts_with("error: Secret `alice/db` is missing, which Pod"),
        "{text}"
    );
}

#[tokio::test]
async fn delete_needs_no_manifest_that_passes_todays_checks() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    assert!(run(&case(&fake.address, "apply"), &[]).await.result.is_ok());
    let mut delete = case(&fake.address, "delete");
    // A rollout that cannot be done, an image that nobody has pinned, a kind that is served no
    // more, a kind that is declared otherwise, and an object that two targets describe.
    delete.request["environment"]["rollout"] = json!("gated");
    let gone = json!({"apiVersion": "gone.example.com/v1", "kind": "Gadget",
        "metadata": {"name": "g", "namespace": "alice"}});
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "redis",
        "namespace": "alice", "annotations": {"windlass.dev/unpinned": "redis"}}});
    let mut add = |name: &str, kind: &str, object: &Value| {
        std::fs::write(delete.folder.join(name), object.to_string()).expect("write");
        let member = json!({"label": format!("//a:{name}"), "kind": kind, "manifest": name});
        let objects = &mut delete.request["groups"][0]["objects"];
        objects.as_array_mut().expect("objects").push(member);
    };
    add("gone", "Gizmo", &gone);
    add("again", "ConfigMap", &map);
    let ran = run(&delete, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    let left = fake.object("/api/v1/namespaces/alice/configmaps/redis");
    assert_eq!(left, None);
    assert_eq!(fake.object("/api/v1/namespaces/alice/services/redis"), None);
}

#[tokio::test]
async fn delete_waits_until_all_is_gone() {
    let fake = Fake::start(Scenario::Lingers, &["alice"]).await;
    assert!(run(&case(&fake.address, "apply"), &[]).await.result.is_ok());
    let ran = run(&case(&fake.address, "delete"), &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert_eq!(fake.object("/api/v1/namespaces/alice/services/redis"), None);
}

#[tokio::test]
async fn apply_waits_for_what_is_being_deleted_and_makes_it_anew() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let case = case(&fake.address, "apply");
    assert!(run(&case, &[]).await.result.is_ok());
    let path = "/api/v1/namespaces/alice/services/redis";
    let old = fake.object(path).expect("there")["metadata"]["uid"].clone();
    fake.begin_deletion(path);
    let ran = run(&case, &["--wait=false", "--verbose"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert_eq!(
        steady(&ran.screen, &fake.address),
        format!(
            "{HEADER}\
             plan    0 images to push, 1 object to create, 0 to change, 1 as wanted\n  \
             create  Service `alice/redis`: when the one that is being deleted is gone\n\
             done in 0.1 s: 1 created, 1 as wanted\n\
             next: edit services/redis, then bazel run //services/redis:myns-shallow.apply"
        )
    );
    let new = fake.object(path).expect("made anew");
    assert_ne!(new["metadata"]["uid"], old);
    assert_eq!(new["metadata"]["deletionTimestamp"], Value::Null);
}

#[tokio::test]
async fn a_protected_environment_needs_a_second_word() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    for verb in ["delete", "replace"] {
        let mut case = case(&fake.address, verb);
        case.request["environment"]["protected"] = json!(true);
        for flags in [&[][..], &["--yes-really=prod"]] {
            let (text, exit) = run(&case, flags).await.failure();
            assert_eq!(
                text,
                format!(
                    "error: environment `myns` is protected: {verb} needs a second word\n\
                     hint: bazel run //services/client:myns-deep.{verb} -- --yes-really=myns\n"
                )
            );
            assert_eq!(exit, Exit::Preflight);
        }
        assert_eq!(fake.requests(), [""; 0]);
        assert!(run(&case, &["--yes-really=myns"]).await.result.is_ok());
        fake.requests();
    }
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let ran = run(&case(&fake.address, "apply"), &["--dry-run"]).await;
    assert!(
        ran.screen.ends_with("  create  Service `alice/redis`"),
        "{}",
        ran.screen
    );
    assert_eq!(fake.writes(), [""; 0]);
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let fake = Fake::start(Scenario::Busy, &["alice"]).await;
    let ran = run(&case(&fake.address, "apply"), &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert_eq!(fake.writes().len(), 2);
}

/// Says whose a namespace is.
fn own(fake: &Fake, owner: &str) {
    let mut state = fake.state.lock().expect("lock");
    let namespace = state
        .objects
        .get_mut("/api/v1/namespaces/alice")
        .expect("namespace");
    namespace["metadata"]["annotations"] = json!({"windlass.dev/owner": owner});
}

#[tokio::test]
async fn a_namespace_of_somebody_else() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = case(&fake.address, "apply");
    let own = |owner: &str| own(&fake, owner);
    own("bob@example.com");
    let (text, exit) = run(&case, &[]).await.failure();
    assert_eq!(
        text.lines().next(),
        Some(
            "error: namespace `alice` on windlass is not yours: it belongs to `bob@example.com`, \
             you are `alice@example.com`"
        )
    );
    assert_eq!(exit, Exit::Preflight);
    case.request["verb"] = json!("delete");
    assert_eq!(run(&case, &[]).await.failure().1, Exit::Preflight);
    assert_eq!(fake.writes(), [""; 0]);
    own("alice@example.com");
    assert!(run(&case, &[]).await.result.is_ok());
}

#[tokio::test]
async fn the_account_of_the_runner_applies_for_whoever_owns_its_namespace() {
    let fake = Fake::start(Scenario::Account, &["alice"]).await;
    own(&fake, "bob@example.com");
    let ran = run(&case(&fake.address, "apply"), &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
}

#[tokio::test]
async fn setup_signs_the_personal_namespace_and_leaves_those_of_others() {
    let fake = Fake::start(Scenario::Usual, &[]).await;
    let mut case = case(&fake.address, "apply");
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "alice", "annotations": {"windlass.dev/personal": "true"}}});
    std::fs::write(case.folder.join("Namespace"), namespace.to_string()).expect("write");
    setup(&mut case);
    case.request["groups"][0]["objects"]
        .as_array_mut()
        .expect("objects")
        .push(json!({"label": "//prod:user", "kind": "Namespace", "manifest": "Namespace"}));
    assert!(run(&case, &[]).await.result.is_ok());
    assert_eq!(
        fake.writes()[0],
        "PATCH /api/v1/namespaces/alice",
        "before what lives in it"
    );
    let annotation = || {
        let state = fake.state.lock().expect("lock");
        state.objects["/api/v1/namespaces/alice"]["metadata"]["annotations"]["windlass.dev/owner"]
            .clone()
    };
    assert_eq!(annotation(), "alice@example.com");
    // Somebody else's by now: setup does not take it back.
    fake.state
        .lock()
        .expect("lock")
        .objects
        .get_mut("/api/v1/namespaces/alice")
        .expect("there")["metadata"]["annotations"]["windlass.dev/owner"] = json!("bob");
    let writes = fake.writes();
    assert_eq!(run(&case, &[]).await.failure().1, Exit::Preflight);
    assert_eq!((annotation(), fake.writes()), (json!("bob"), writes));
}

#[tokio::test]
async fn another_cluster_behind_the_context() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = case(&fake.address, "apply");
    case.request["cluster"]["id"] = json!("other");
    let (text, exit) = run(&case, &[]).await.failure();
    assert_eq!(
        text,
        "error: context `windlass` leads to another cluster: kube-system uid: got \
         `3f9c21-kube-system`, want `other`\n"
    );
    assert_eq!(exit, Exit::Preflight);
    case.request["cluster"]["id"] = Value::Null;
    assert!(
        run(&case, &["--cluster-id=3f9c21-kube-system"])
            .await
            .result
            .is_ok()
    );
}

#[tokio::test]
async fn a_custom_kind_that_lives_in_no_namespace_is_setups() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let path = "/apis/stable.example.com/v1/widgets/w";
    let widget = json!({"apiVersion": "stable.example.com/v1", "kind": "Widget",
        "metadata": {"name": "w", "namespace": "alice"}});
    let mut live = widget.clone();
    live["metadata"] = json!({"name": "w", "uid": "u", "resourceVersion": "1",
        "managedFields": [{"manager": "windlass"}]});
    fake.state
        .lock()
        .expect("lock")
        .objects
        .insert(path.to_owned(), live);
    for verb in ["apply", "create", "replace", "delete", "diff", "status"] {
        let mut case = case(&fake.address, verb);
        replace_service(&mut case, &widget);
        let (text, exit) = run(&case, &[]).await.failure();
        assert_eq!(
            text,
            "error: Widget `alice/w` is of a kind that lives in no namespace: only setup may have \
             it, not environment `myns`; nothing was pushed or written\n",
            "{verb}"
        );
        assert_eq!(exit, Exit::Preflight);
    }
    assert_eq!(fake.writes(), [""; 0]);
}

#[tokio::test]
async fn setup_names_no_namespace_for_a_custom_object_that_lives_in_none() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let widget = json!({"apiVersion": "stable.example.com/v1", "kind": "Widget",
        "metadata": {"name": "w", "namespace": "alice"}});
    for verb in ["apply", "create", "replace", "diff"] {
        let mut case = case(&fake.address, verb);
        setup(&mut case);
        replace_service(&mut case, &widget);
        let (text, exit) = run(&case, &[]).await.failure();
        assert_eq!(
            text,
            "error: Widget `alice/w` is of a kind that lives in no namespace: metadata.namespace: \
             got `alice`, want nothing; nothing was pushed or written\n",
            "{verb}"
        );
        assert_eq!(exit, Exit::Preflight);
    }
    assert_eq!(fake.writes(), [""; 0]);
    // What is there already can be taken away.
    let live = json!({"apiVersion": "stable.example.com/v1", "kind": "Widget",
        "metadata": {"name": "w", "uid": "u", "managedFields": [{"manager": "windlass"}]}});
    fake.put("/apis/stable.example.com/v1/widgets/w", live);
    let mut case = case(&fake.address, "delete");
    setup(&mut case);
    replace_service(&mut case, &widget);
    let ran = run(&case, &["--timeout=10s"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert_eq!(
        fake.writes(),
        ["DELETE /apis/stable.example.com/v1/widgets/w"]
    );
}

#[tokio::test]
async fn setup_says_in_which_namespace_a_custom_object_lives() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    for verb in ["apply", "delete"] {
        let mut case = case(&fake.address, verb);
        setup(&mut case);
        let gadget = json!({"apiVersion": "stable.example.com/v1", "kind": "Gadget",
            "metadata": {"name": "g"}});
        replace_service(&mut case, &gadget);
        let (text, exit) = run(&case, &[]).await.failure();
        assert_eq!(
            text,
            "error: Gadget `g` is of a kind that lives in namespaces: metadata.namespace: got \
             nothing, want a DNS label: at most 63 of a-z, 0-9 and `-`, with no `-` at either end; \
             nothing was pushed or written\n",
            "{verb}"
        );
        assert_eq!(exit, Exit::Preflight);
    }
    assert_eq!(fake.writes(), [""; 0]);
}

#[tokio::test]
async fn a_wait_for_what_we_may_not_list_ends_at_once() {
    let fake = Fake::start(Scenario::HidesPods, &["alice"]).await;
    for (verb, state) in [("apply", "2 of 2 written"), ("delete", "1 of 2 deleted")] {
        let case = case_with_a_pod(&fake.address, verb);
        let (text, exit) = run(&case, &["--timeout=30s"]).await.failure();
        assert_eq!(
            text,
            format!(
                "error: cannot read pods in `alice` from windlass\n\
                 cause: pods is forbidden\n\
                 state: {state}; a rerun goes on from here\n"
            )
        );
        assert_eq!(exit, Exit::Rollout);
    }
}

#[tokio::test]
async fn lists_that_fail_until_the_end_are_the_cause() {
    let fake = Fake::start(Scenario::LosesPods, &["alice"]).await;
    for (verb, first) in [
        (
            "apply",
            "error: rollout of Pod `alice/redis` is not finished after 1.0 s",
        ),
        ("delete", "error: Pod `alice/redis` not gone after 1.0 s"),
    ] {
        let case = case_with_a_pod(&fake.address, verb);
        let (text, exit) = run(&case, &["--timeout=1s"]).await.failure();
        let second = "cause: cannot read pods in `alice`: etcd has no leader";
        assert!(text.starts_with(&format!("{first}\n{second}\n")), "{text}");
        assert_eq!(exit, Exit::Rollout);
    }
}

#[tokio::test]
async fn a_delete_that_is_refused_does_not_drop_the_others() {
    let fake = Fake::start(Scenario::Refuses, &["alice"]).await;
    let mut case = case(&fake.address, "delete");
    let other = json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "other", "namespace": "alice"}});
    std::fs::write(case.folder.join("ConfigMap"), other.to_string()).expect("write");
    case.request["groups"][0]["objects"][0]["kind"] = json!("Service");
    for name in ["redis", "other"] {
        let live = json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": "alice", "uid": name, "resourceVersion": "1",
                "managedFields": [{"manager": "windlass"}]}});
        let path = format!("/api/v1/namespaces/alice/services/{name}");
        let mut state = fake.state.lock().expect("lock");
        state.objects.insert(path, live);
    }
    let (text, exit) = run(&case, &[]).await.failure();
    assert_eq!(
        text,
        "error: cannot delete Service `alice/redis`\n\
         cause: not this one\n\
         state: 1 of 2 deleted; a rerun goes on from here\n"
    );
    assert_eq!(exit, Exit::Write);
    assert_eq!(
        fake.writes(),
        ["DELETE /api/v1/namespaces/alice/services/other"]
    );
}
