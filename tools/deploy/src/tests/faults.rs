//! Faults at every write of a run: whatever happens, the next run converges, and nothing is lost or
//! there twice.

use serde_json::{Value, json};

use super::case::{Buffer, Case, case, run, run_with};
use super::fake::{Fake, Fault, Scenario};
use crate::environment::Output;
use crate::progress::Progress;

/// How a run under a fault ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// It was killed while it waited for an answer.
    Killed,
    /// It ended by itself.
    Ran,
}

/// A cluster on which an earlier run has made what the next one changes: one object stays, one is
/// renamed, one is new.
async fn half_way() -> (Fake, Case) {
    let fake = Fake::start(Scenario::Usual, &["alice"]).await;
    let mut case = case(&fake.address, "apply");
    assert!(run(&case, &[]).await.result.is_ok());
    let map = |name: &str| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "w"},
            "metadata": {"name": name, "namespace": "alice"}})
    };
    case.write("ConfigMap", &map("renamed"));
    case.add_as("//services/redis:myns-new", "new", &map("new"));
    fake.state.lock().expect("lock").arrived = 0;
    (fake, case)
}

async fn run_under(fake: &Fake, case: &Case, at: usize, fault: Fault) -> Ended {
    fake.state.lock().expect("lock").fault = Some((at, fault));
    let progress = Progress::new(Output::Memory, Box::new(Buffer::default()));
    let killed = async {
        while !fake.is_stalled() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    let ended = tokio::select! {
        _ = run_with(case, &[], &progress, std::future::pending()) => Ended::Ran,
        () = killed => Ended::Killed,
    };
    let mut state = fake.state.lock().expect("lock");
    state.fault = None;
    state.stalled = false;
    ended
}

/// The names of what is in the namespace, and of what the inventory has.
fn standing(fake: &Fake) -> (Vec<String>, Vec<String>) {
    let state = fake.state.lock().expect("lock");
    let inside = state
        .objects
        .iter()
        .filter(|(path, _)| path.contains("/alice/"));
    let (books, objects): (Vec<_>, Vec<_>) =
        inside.partition(|(path, _)| path.contains("/windlass."));
    let lines = |object: &Value| {
        let text = object["data"]["objects"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let entries = books.iter().flat_map(|(_, object)| lines(object));
    let name = |path: &String| path.rsplit('/').take(2).collect::<Vec<_>>().join(" ");
    (
        objects.iter().map(|(path, _)| name(path)).collect(),
        entries.collect(),
    )
}

async fn converges(fake: &Fake, case: &Case, what: &str) {
    let next = run(case, &[]).await;
    assert!(next.result.is_ok(), "{what}: {:?}", next.result);
    let (objects, entries) = standing(fake);
    assert_eq!(
        objects,
        ["new configmaps", "renamed configmaps", "redis services"],
        "{what}"
    );
    assert_eq!(entries.len(), 3, "{what}: {entries:?}");
    assert!(
        entries.iter().all(|entry| !entry.contains(" -")),
        "{what}: {entries:?}"
    );
    let arrived = fake.state.lock().expect("lock").arrived;
    let last = run(case, &[]).await;
    assert!(
        last.screen
            .contains(": nothing changed, 3 objects as wanted"),
        "{what}: {}",
        last.screen
    );
    assert_eq!(fake.state.lock().expect("lock").arrived, arrived, "{what}");
}

/// Walks through all writes of a run; gives back how many there are.
async fn walk(fault: Fault, ends: Ended) -> usize {
    for at in 1.. {
        let (fake, case) = half_way().await;
        let ended = run_under(&fake, &case, at, fault).await;
        let arrived = fake.state.lock().expect("lock").arrived;
        let what = format!("{fault:?} at write {at}");
        converges(&fake, &case, &what).await;
        if arrived < at {
            return arrived;
        }
        assert_eq!(ended, ends, "{what}");
    }
    unreachable!("a run has an end")
}

/// Lease, announcement, two creations, inventory, pruning, inventory, lease.
const WRITES: usize = 8;

#[tokio::test]
async fn killed_before_any_write_is_heard() {
    assert_eq!(walk(Fault::Unheard, Ended::Killed).await, WRITES);
}

#[tokio::test]
async fn killed_before_any_write_is_answered() {
    assert_eq!(walk(Fault::Unanswered, Ended::Killed).await, WRITES);
}

#[tokio::test]
async fn connections_that_end_in_mid_request() {
    walk(Fault::HangsUp, Ended::Ran).await;
}

#[tokio::test]
async fn too_many_requests_and_servers_that_start() {
    walk(Fault::TooMany, Ended::Ran).await;
    walk(Fault::Unavailable, Ended::Ran).await;
}

#[tokio::test]
async fn credentials_that_expire_meanwhile() {
    assert_eq!(walk(Fault::Unauthorized, Ended::Ran).await, WRITES);
}
