//! Save, build, apply, and again.

use serde_json::json;
use windlass_api_server_fake::{Fake, Scenario};

use super::fake::{Stand, is_there, map, request, said, until};

/// Where the leases of a namespace are.
const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/alice/leases/";

async fn start() -> (Fake, Stand) {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let stand = Stand::new(&fake.address);
    (fake, stand)
}

#[tokio::test]
async fn what_is_saved_is_applied() {
    let (fake, stand) = start().await;
    let told = stand.during(async {
        until("the first", || said(&fake).as_deref() == Some("one")).await;
        stand.save(&map("two"));
        until("the second", || said(&fake).as_deref() == Some("two")).await;
    });
    let told = told.await;
    assert!(
        told.starts_with("watch   2 files in 2 folders; Ctrl-C ends\nbuild   "),
        "{told}"
    );
    assert_eq!((stand.asked("query"), stand.asked("build")), (1, 2));
}

#[tokio::test]
async fn what_does_not_build_is_healed_by_the_next_save() {
    let (fake, stand) = start().await;
    let told = stand.during(async {
        until("the first", || said(&fake).as_deref() == Some("one")).await;
        stand.save("broken");
        until("an error", || stand.told().contains("error: ")).await;
        assert_eq!(said(&fake).as_deref(), Some("one"));
        stand.save(&map("three"));
        until("the third", || said(&fake).as_deref() == Some("three")).await;
    });
    let told = told.await;
    let want = "\nerror: cannot build `//a:x.apply`\ncause: bazel: exit status: 1\n\
                watch   the next save begins anew\nbuild   ";
    assert!(told.contains(want), "{told}");
}

#[tokio::test]
async fn what_is_refused_is_told_and_applied_again() {
    let (fake, stand) = start().await;
    stand.save("{}");
    let told = stand.during(async {
        until("an error", || stand.told().contains("error: ")).await;
        stand.save(&map("two"));
        until("the second", || said(&fake).as_deref() == Some("two")).await;
    });
    let told = told.await;
    assert!(
        told.contains("//a:map") && told.contains("\nwatch   the next save begins anew"),
        "{told}"
    );
}

#[tokio::test]
async fn the_same_again_is_not_applied() {
    let (fake, stand) = start().await;
    let told = stand.during(async {
        until("the first", || stand.told().contains("\ndone in ")).await;
        fake.requests();
        stand.save(&map("one"));
        until("another round", || stand.told().contains("nothing else")).await;
        assert_eq!(fake.requests(), [""; 0]);
    });
    let told = told.await;
    assert!(
        told.ends_with(" s: nothing else to apply\nend     what was applied stays"),
        "{told}"
    );
}

#[tokio::test]
async fn saves_during_a_build_become_one_more() {
    let (fake, stand) = start().await;
    stand
        .during(async {
            until("the first", || said(&fake).as_deref() == Some("one")).await;
            stand.folder.file("holds", "");
            stand.save(&map("two"));
            until("a build that holds", || is_there(&stand, "held")).await;
            for text in ["three", "four", "five"] {
                stand.save(&map(text));
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
            std::fs::remove_file(stand.folder.path("holds")).expect("removed");
            until("the last", || said(&fake).as_deref() == Some("five")).await;
        })
        .await;
    assert_eq!(stand.asked("build"), 3);
}

#[tokio::test]
async fn another_build_file_is_asked_about() {
    let (fake, stand) = start().await;
    stand
        .during(async {
            until("the first", || said(&fake).as_deref() == Some("one")).await;
            stand.folder.file("checkout/b/new.txt", "");
            stand
                .folder
                .file("checkout/query", "//a:map.json\n//b:new.txt\n");
            stand.folder.file("checkout/a/BUILD.bazel", "# new");
            until("another query", || stand.asked("query") == 2).await;
            until("its build", || stand.asked("build") == 2).await;
            stand.folder.file("checkout/b/new.txt", "new");
            until("another build", || stand.asked("build") == 3).await;
            // What does not load is told, and what was known is watched.
            stand.folder.file("fails", "query");
            stand.folder.file("checkout/b/other.txt", "");
            until("an error", || stand.told().contains("error: ")).await;
            stand.folder.file("fails", "");
            stand.folder.file("checkout/b/new.txt", "newer");
            until("a build", || stand.asked("build") == 4).await;
        })
        .await;
    assert_eq!(stand.asked("query"), 4);
}

/// A Service is never ready while no pod that it selects is.
fn service(port: u16) -> String {
    let service = json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "app", "namespace": "alice"},
        "spec": {"selector": {"app": "app"}, "ports": [{"port": port}]}});
    service.to_string()
}

async fn never_ready() -> (Fake, Stand) {
    let (fake, stand) = start().await;
    let request = request("Service").to_string();
    stand.folder.file("bin/a/x.apply.json", request);
    stand.save(&service(80));
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "status": {"phase": "Running"},
        "metadata": {"name": "app", "namespace": "alice", "labels": {"app": "app"}}});
    fake.put("/api/v1/namespaces/alice/pods/app", pod);
    (fake, stand)
}

fn port(fake: &Fake) -> Option<u64> {
    let service = fake.object("/api/v1/namespaces/alice/services/app")?;
    service["spec"]["ports"][0]["port"].as_u64()
}

/// Whether nobody holds a lease.
fn is_free(fake: &Fake) -> bool {
    let state = fake.state.lock().expect("lock");
    let mut leases = state
        .objects
        .iter()
        .filter(|(path, _)| path.starts_with(LEASES));
    leases.all(|(_, lease)| lease["spec"]["holderIdentity"].as_str().unwrap_or_default() == "")
}

#[tokio::test]
async fn a_save_ends_the_wait_for_what_is_not_ready() {
    let (fake, stand) = never_ready().await;
    let told = stand.during(async {
        until("the first", || port(&fake) == Some(80)).await;
        stand.save(&service(81));
        until("the second", || port(&fake) == Some(81)).await;
    });
    let told = told.await;
    let want = "\nsaved   before all was ready: once more\nbuild   ";
    assert!(told.contains(want) && !told.contains("error"), "{told}");
    assert!(is_free(&fake));
}

#[tokio::test]
async fn an_end_while_it_waits_leaves_no_lease() {
    let (fake, stand) = never_ready().await;
    let told = stand.during(async {
        until("the first", || port(&fake) == Some(80)).await;
        until("a lease", || !is_free(&fake)).await;
    });
    let told = told.await;
    assert!(!told.contains("error"), "{told}");
    assert!(is_free(&fake));
}

#[tokio::test]
async fn an_end_while_it_builds_ends_the_build() {
    let (fake, stand) = start().await;
    let told = stand.during(async {
        until("the first", || said(&fake).as_deref() == Some("one")).await;
        stand.folder.file("holds", "");
        stand.save(&map("two"));
        until("a build that holds", || is_there(&stand, "held")).await;
        // As SIGTERM does.
        stand.environment.interrupt.set();
        stand.environment.interrupt.end_child();
    });
    let told = told.await;
    assert!(!told.contains("error"), "{told}");
    assert_eq!(said(&fake).as_deref(), Some("one"));
}
