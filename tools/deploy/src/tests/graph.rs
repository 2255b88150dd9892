//! `graph`: what the page says of a stack, with and without a cluster.

use serde_json::json;

use super::case::{Case, run};
use super::fake::{Fake, Scenario};
use super::status::{
    WANTED, looked_only, put_applied, put_crash, put_deployment, put_map, put_pods, with_deployment,
};

const PAGE: &str = "client-myns-deep.graph.html";
const PICTURE: &str = "client-myns-deep.graph.svg";

/// The case of `status`, drawn: a `ConfigMap` and a deployment.
fn drawn(server: &str) -> Case {
    let mut case = with_deployment(server, &json!({}));
    as_graph(&mut case);
    case
}

fn as_graph(case: &mut Case) {
    case.request["verb"] = json!("graph");
    case.environment.working_directory = Some(case.folder.clone());
}

fn read(case: &Case, name: &str) -> String {
    std::fs::read_to_string(case.folder.join(name)).expect(name)
}

/// What the page says of an object, by its place.
fn row(page: &str, at: usize) -> &str {
    let row = page.split("<tr id=\"o").nth(at + 1).expect("a row");
    row.split("</tr>").next().expect("a row")
}

#[tokio::test]
async fn what_is_ready_is_drawn_so() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = with_deployment(&fake.address, &json!({}));
    put_applied(&fake, &mut case).await;
    put_pods(&fake, &WANTED.replace('1', "2"), 2);
    as_graph(&mut case);
    let ran = run(&case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert_eq!(ran.data, format!("{PAGE}\n{PICTURE}\n"));
    looked_only(&fake);
    let page = read(&case, PAGE);
    assert!(page.contains("2 objects ready in 1 group"), "{page}");
    assert!(page.contains("<dt>seen</dt>") && !page.contains("Without live state"));
    let deployment = row(&page, 1);
    for text in [
        "✓ ready",
        "1/1 pods",
        "demo/server@111111111111",
        "pods still run <code title=\"r.io/demo/server@sha256:2222",
        "kubectl --context windlass -n alice describe deployment.apps/server",
        "bazel run //services/redis:myns-service.logs",
    ] {
        assert!(deployment.contains(text), "{text}: {deployment}");
    }
    assert!(!row(&page, 0).contains(".logs"));
    assert!(read(&case, PICTURE).starts_with("<svg xmlns="));
}

#[tokio::test]
async fn what_does_not_heal_has_failed_and_what_may_is_on_its_way() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    put_deployment(&fake, WANTED, 0);
    let case = drawn(&fake.address);
    let ran = run(&case, &["--html=page.html", "--svg=page.svg"]).await;
    // It is not what `status` ends with: the page is there.
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert_eq!(ran.data, "page.html\npage.svg\n");
    let page = read(&case, "page.html");
    assert!(row(&page, 0).contains("○ missing"), "{page}");
    assert!(row(&page, 1).contains("… progressing"), "{page}");
    put_map(&fake);
    put_crash(&fake);
    let ran = run(&case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    let page = read(&case, PAGE);
    assert!(row(&page, 1).contains("✗ failed"), "{page}");
    assert!(
        row(&page, 1).contains("CrashLoopBackOff, exit 101"),
        "{page}"
    );
}

#[tokio::test]
async fn without_a_cluster_it_is_what_is_described() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = drawn(&fake.address);
    case.write(
        "pins.json",
        &json!({"myns": {"server": {"image": WANTED, "commit": "3f9c21a0b1c2"}}}),
    );
    case.request["pins"] = json!(["pins.json"]);
    let ran = run(&case, &["--offline"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert!(fake.requests().is_empty());
    let note = "drawn without live state: --offline was given";
    assert!(ran.screen.contains(note), "{}", ran.screen);
    let page = read(&case, PAGE);
    assert!(
        page.contains("Without live state: </strong>--offline was given"),
        "{page}"
    );
    assert!(
        row(&page, 1).contains("of commit <code title=\"3f9c21a0b1c2\">"),
        "{page}"
    );
    assert!(!page.contains("class=\"state"), "{page}");

    case.write_kubeconfig(&json!({"server": "http://127.0.0.1:1"}), &json!({}));
    let ran = run(&case, &[]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    let why = "cannot reach cluster `windlass`: 127.0.0.1:1: Connection refused";
    assert!(ran.screen.contains(why), "{}", ran.screen);
    assert!(read(&case, PAGE).contains(why));
}

#[tokio::test]
async fn a_bundle_tells_no_commands_of_a_checkout() {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = drawn(&fake.address);
    case.request["started"] = json!("bundle");
    let ran = run(&case, &["--offline"]).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    let page = read(&case, PAGE);
    assert!(page.contains("<code>./windlass status</code>"), "{page}");
    assert!(!page.contains("bazel run"), "{page}");
}
