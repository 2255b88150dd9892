//! Whole runs, from the request to the error text, with what the API server saw.

use std::path::Path;

use clap::Parser as _;
use serde_json::{Value, json};
use windlass_report::{Exit, Explain as _, render};

use super::fake::{Fake, Scenario};
use crate::cli::Options;
use crate::environment::{Output, ProcessEnvironment};
use crate::progress::Progress;
use crate::request::DeployRequest;
use crate::{Failure, run_request};

/// A folder with a kubeconfig and the files of a request.
struct Case {
    folder: tempfile::TempDir,
    request: Value,
}

/// What a run said, and how it ended.
struct Ran {
    screen: String,
    result: Result<(), Failure>,
}

impl Ran {
    fn failure(&self) -> (String, Exit) {
        let failure = self.result.as_ref().expect_err("a failure");
        (render(failure), failure.exit())
    }
}

/// A request for a `ConfigMap` and a `Service` of one group in namespace `alice`.
fn case(server: &str, verb: &str) -> Case {
    let folder = tempfile::tempdir().expect("folder");
    let kubeconfig = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: other\n\
         clusters: [{{name: c, cluster: {{server: 'http://{server}'}}}}]\n\
         users: [{{name: u, user: {{}}}}]\n\
         contexts: [{{name: windlass, context: {{cluster: c, user: u}}}}]\n"
    );
    std::fs::write(folder.path().join("kubeconfig"), kubeconfig).expect("write");
    let mut members = Vec::new();
    for (kind, rest) in [
        ("ConfigMap", json!({"data": {"k": "v"}})),
        ("Service", json!({"spec": {}})),
    ] {
        let mut object = json!({"apiVersion": "v1", "kind": kind,
            "metadata": {"name": "redis", "namespace": "alice"}});
        for (key, value) in rest.as_object().expect("object") {
            object[key] = value.clone();
        }
        std::fs::write(folder.path().join(kind), object.to_string()).expect("write");
        let label = format!("//services/redis:myns-{}", kind.to_lowercase());
        members.push(json!({"label": label, "kind": kind, "manifest": kind}));
    }
    let mut request = crate::request::tests::empty(verb);
    request["groups"] = json!([{"id": "demo/redis/myns", "label": "//services/redis:myns-shallow",
                                "objects": members}]);
    Case { folder, request }
}

async fn run(case: &Case, flags: &[&str]) -> Ran {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let request = DeployRequest::parse(&case.request.to_string(), Path::new("x.json"));
    let options = Options::try_parse_from(["deploy"].iter().chain(flags)).expect("flags");
    let environment = ProcessEnvironment {
        kubeconfig: Some(case.folder.path().join("kubeconfig").into()),
        docker_config: Some(case.folder.path().into()),
        ..ProcessEnvironment::default()
    };
    let progress = Progress::new(Output::Memory);
    let never = std::future::pending();
    let request = request.expect("request");
    let result = run_request(
        &request,
        case.folder.path(),
        &options,
        &environment,
        &progress,
        never,
    )
    .await;
    Ran {
        screen: progress.kept().join("\n"),
        result,
    }
}

/// The screen with what differs from run to run taken out.
fn steady(screen: &str, address: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for line in screen.replace(address, "127.0.0.1:6443").lines() {
        let parts: Vec<&str> = line.split(' ').collect();
        let seconds = |at: usize| parts.get(at + 1).is_some_and(|unit| unit.starts_with('s'));
        let word = |(at, part): (usize, &&str)| {
            if part.parse::<f64>().is_ok() && part.contains('.') && seconds(at) {
                "0.1".to_owned()
            } else {
                (*part).to_owned()
            }
        };
        words.push(
            parts
                .iter()
                .enumerate()
                .map(word)
                .collect::<Vec<_>>()
                .join(" "),
        );
    }
    words.join("\n")
}

const HEADER: &str = "myns -> namespace alice on windlass (kube-system 3f9c21, 127.0.0.1:6443)\n";

#[tokio::test]
async fn an_api_server_that_is_down() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("port");
    let address = listener.local_addr().expect("address").to_string();
    drop(listener);
    let (text, exit) = run(&case(&address, "apply"), &[]).await.failure();
    assert_eq!(
        text,
        format!(
            "error: cannot reach cluster `windlass`\n\
             cause: {address}: Connection refused (os error 111)\n\
             hint: bazel run //cluster:up\n"
        )
    );
    assert_eq!(exit, Exit::Preflight);
}

#[tokio::test]
async fn a_namespace_that_is_missing_before_anything_is_written() {
    let fake = Fake::start(Scenario::Usual, &[]).await;
    let (text, exit) = run(&case(&fake.address, "apply"), &[]).await.failure();
    assert_eq!(
        text,
        "error: namespace `alice` is missing on windlass; nothing was pushed or written\n\
         hint: bazel run //prod:setup.apply\n"
    );
    assert_eq!(exit, Exit::Preflight);
    assert_eq!(fake.writes(), [""; 0]);
}

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
async fn a_field_that_another_manager_owns() {
    let usual = Fake::start(Scenario::Owned, &["alice"]).await;
    let path = "/api/v1/namespaces/alice/configmaps/redis";
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "theirs"},
        "metadata": {"name": "redis", "namespace": "alice", "uid": "u", "resourceVersion": "1"}});
    usual
        .state
        .lock()
        .expect("lock")
        .objects
        .insert(path.to_owned(), object);
    let (text, exit) = run(&case(&usual.address, "apply"), &[]).await.failure();
    assert_eq!(
        text,
        "error: 1 field of ConfigMap `alice/redis` is owned by other managers; nothing was pushed or \
         written\n  \
         | ConfigMap `alice/redis` data.k: owned by `helm`\n\
         hint: bazel run //services/client:myns-deep.apply -- --force-conflicts\n"
    );
    assert_eq!(exit, Exit::Write);
    assert_eq!(usual.writes(), [""; 0]);
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

#[tokio::test]
async fn a_protected_environment_needs_a_second_word() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = case(&fake.address, "delete");
    case.request["environment"]["protected"] = json!(true);
    let (text, _) = run(&case, &[]).await.failure();
    assert!(
        text.ends_with("myns-deep.delete -- --yes-really=myns\n"),
        "{text}"
    );
    assert!(run(&case, &["--yes-really=myns"]).await.result.is_ok());
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

#[tokio::test]
async fn a_write_that_is_refused_says_how_far_it_came() {
    let fake = Fake::start(Scenario::Refuses, &["alice"]).await;
    let (text, exit) = run(&case(&fake.address, "apply"), &[]).await.failure();
    assert_eq!(
        text,
        "error: cannot write Service `alice/redis`\n\
         cause: spec.ports: Required value\n\
         state: 1 of 2 written; a rerun goes on from here\n"
    );
    assert_eq!(exit, Exit::Write);
}

#[tokio::test]
async fn missing_rights_are_told_before_anything_is_written() {
    let fake = Fake::start(Scenario::ReadOnly, &["alice"]).await;
    let (text, _) = run(&case(&fake.address, "apply"), &[]).await.failure();
    assert_eq!(
        text,
        "error: you may not create configmaps in `alice`, create services in `alice`, patch \
         configmaps in `alice`, patch services in `alice` on windlass; nothing was pushed or \
         written\n"
    );
    assert_eq!(fake.writes(), [""; 0]);
}

#[tokio::test]
async fn a_namespace_of_somebody_else() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = case(&fake.address, "apply");
    let own = |owner: &str| {
        let mut state = fake.state.lock().expect("lock");
        let namespace = state
            .objects
            .get_mut("/api/v1/namespaces/alice")
            .expect("namespace");
        namespace["metadata"]["annotations"] = json!({"windlass.dev/owner": owner});
    };
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
async fn setup_signs_the_personal_namespace_and_leaves_those_of_others() {
    let fake = Fake::start(Scenario::Usual, &[]).await;
    let mut case = case(&fake.address, "apply");
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "alice", "annotations": {"windlass.dev/personal": "true"}}});
    std::fs::write(case.folder.path().join("Namespace"), namespace.to_string()).expect("write");
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
async fn a_kind_that_the_cluster_does_not_serve() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let case = case(&fake.address, "apply");
    let object = json!({"apiVersion": "x.dev/v1", "kind": "Service",
        "metadata": {"name": "t", "namespace": "alice"}});
    std::fs::write(case.folder.path().join("Service"), object.to_string()).expect("write");
    let (text, _) = run(&case, &[]).await.failure();
    assert_eq!(
        text,
        "error: Service `alice/t` is of a kind that windlass does not serve (`x.dev/v1`); nothing was \
         pushed or written\n\
         hint: bazel run //prod:setup.apply\n"
    );
    assert_eq!(fake.writes(), [""; 0]);
}

/// Puts another object in the place of the `Service`.
fn replace_service(case: &mut Case, object: &Value) {
    std::fs::write(case.folder.path().join("Service"), object.to_string()).expect("write");
    case.request["groups"][0]["objects"][1]["kind"] = object["kind"].clone();
}

fn setup(case: &mut Case) {
    case.request["environment"] = json!({"name": "setup", "namespace": "", "personal": false,
        "rollout": "parallel", "protected": false});
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
    for verb in ["apply", "create", "delete"] {
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

/// A case whose second object is a pod, which is not ready until somebody says so.
fn case_with_a_pod(server: &str, verb: &str) -> Case {
    let mut case = case(server, verb);
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": {},
        "metadata": {"name": "redis", "namespace": "alice"}});
    replace_service(&mut case, &pod);
    case
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
            "error: rollout of Pod `alice/redis` is not finished after 2.0 s",
        ),
        ("delete", "error: Pod `alice/redis` not gone after 2.0 s"),
    ] {
        let case = case_with_a_pod(&fake.address, verb);
        let (text, exit) = run(&case, &["--timeout=2s"]).await.failure();
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
    std::fs::write(case.folder.path().join("ConfigMap"), other.to_string()).expect("write");
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

#[tokio::test]
async fn a_docker_configuration_that_cannot_be_used_is_named_before_anything_is_written() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let case = case(&fake.address, "apply");
    let path = case.folder.path().join("config.json");
    let said = |cause: &str| {
        let path = path.display();
        format!("error: cannot use docker configuration `{path}`\ncause: {cause}\n")
    };
    std::fs::write(&path, r#"{"auths": "c2VjcmV0"}"#).expect("write");
    let (text, exit) = run(&case, &[]).await.failure();
    assert_eq!(
        text,
        said("line 1, column 20: want JSON as `docker login` writes it")
    );
    assert_eq!(exit, Exit::Preflight);
    std::fs::remove_file(&path).expect("remove");
    std::fs::create_dir(&path).expect("folder");
    let (text, _) = run(&case, &[]).await.failure();
    assert_eq!(text, said("Is a directory (os error 21)"));
    assert_eq!(fake.writes(), [""; 0]);
}

#[tokio::test]
async fn a_namespace_is_not_signed_by_nobody() {
    let fake = Fake::start(Scenario::Nameless, &["alice"]).await;
    let mut case = case(&fake.address, "apply");
    setup(&mut case);
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "alice", "annotations": {"windlass.dev/personal": "true"}}});
    replace_service(&mut case, &namespace);
    let (text, _) = run(&case, &[]).await.failure();
    assert_eq!(
        text,
        "error: cannot read who you are from windlass\n\
         cause: user name: got nothing, want a name\n"
    );
    assert_eq!(fake.writes(), [""; 0]);
}

#[tokio::test]
async fn gated_and_users_are_refused_without_a_cluster() {
    let mut case = case("127.0.0.1:1", "apply");
    case.request["environment"]["rollout"] = json!("gated");
    let (text, exit) = run(&case, &[]).await.failure();
    assert!(text.contains("got `gated`, want `parallel`"), "{text}");
    assert_eq!(exit, Exit::Input);
    case.request["environment"]["rollout"] = json!("parallel");
    case.request["environment"]["namespace"] = json!("prod");
    let (text, exit) = run(&case, &[]).await.failure();
    assert_eq!(
        text,
        "error: cannot apply `//services/client:myns-deep`\n\
         cause: $USER: got `prod`, which is a namespace of setup or of another environment; want a \
         name of your own\n\
         hint: bazel run //services/client:myns-deep.apply --repo_env=USER=alice\n"
    );
    assert_eq!(exit, Exit::Input);
}

#[tokio::test]
async fn an_interrupted_run_says_how_far_it_came() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let case = case(&fake.address, "apply");
    let request = DeployRequest::parse(&case.request.to_string(), Path::new("x.json"));
    let options = Options::try_parse_from(["deploy"]).expect("flags");
    let environment = ProcessEnvironment {
        kubeconfig: Some(case.folder.path().join("kubeconfig").into()),
        ..ProcessEnvironment::default()
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let progress = Progress::new(Output::Memory);
    let (request, folder) = (request.expect("request"), case.folder.path());
    let now = std::future::ready(());
    let result = run_request(&request, folder, &options, &environment, &progress, now).await;
    let failure = result.expect_err("interrupted");
    assert_eq!(failure.exit(), Exit::Interrupted);
    assert_eq!(failure.to_string(), "interrupted");
}
