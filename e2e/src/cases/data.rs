//! What is stored stays: all of Redis away at once, a lost master, a rolling update.

use super::own_namespace;
use crate::routes::Routes;
use crate::{Harness, processes};
use std::time::Duration;

/// Places that are written; they spread over the slots of all three masters.
const KEYS: std::ops::Range<i32> = 1..40;
const PORT: u16 = 50001;

pub(super) fn run(h: &Harness) {
    let ns = own_namespace(h);
    h.run("//prod:setup.apply", &[]).succeeded();
    h.run("//services/client:myns-deep.apply", &["--timeout=4m"])
        .succeeded();
    node_0_first(h, &ns);
    let routes = Routes::open(h, &ns, PORT);
    for key in KEYS {
        assert!(routes.write(key, &message(key)), "write {key}");
    }
    all_pods_away(h, &ns, &routes);
    lost_master(h, &ns, &routes);
    rolling_update(h, &ns, &routes);
    // A new start from nothing, in a personal namespace.
    drop(routes);
    h.run("//services/client:myns-deep.delete", &[]).succeeded();
    h.until("the claims are gone", 60, || {
        let claims = h.list(&["pvc", "-n", &ns]);
        (!claims.is_empty()).then(|| format!("{} claims", claims.len()))
    });
    h.run("//services/client:myns-deep.apply", &["--timeout=4m"])
        .succeeded();
    let routes = Routes::open(h, &ns, PORT);
    assert_eq!(
        routes.read(1),
        Some(Vec::new()),
        "a personal stack starts empty again"
    );
}

fn message(key: i32) -> String {
    format!("note {key}")
}

fn node_0_first(h: &Harness, ns: &str) {
    let log = h.log(ns, "pod/redis-0", "bootstrap");
    assert!(
        log.contains("forming the cluster"),
        "node 0 says that it is forming the cluster:\n{log}"
    );
}

/// The keys that are not there, or `None`.
fn missing(routes: &Routes) -> Option<String> {
    let lost: Vec<i32> = KEYS
        .filter(|key| {
            !routes
                .read(*key)
                .is_some_and(|notes| notes.contains(&message(*key)))
        })
        .collect();
    (!lost.is_empty()).then(|| format!("keys {lost:?}"))
}

fn iterations(h: &Harness, ns: &str) -> usize {
    h.log(ns, "deploy/client", "client").matches("done").count()
}

fn all_pods_away(h: &Harness, ns: &str, routes: &Routes) {
    let restarts_before = h.restarts(ns);
    let pods: Vec<String> = (0..6).map(|n| format!("redis-{n}")).collect();
    let mut arguments = vec![
        "delete",
        "pod",
        "-n",
        ns,
        "--wait=false",
        "--grace-period=0",
        "--force",
    ];
    arguments.extend(pods.iter().map(String::as_str));
    h.kubectl(&arguments).succeeded();
    h.until("the server is NOT_SERVING", 60, || {
        (h.ready_endpoints(ns, "server") > 0).then(|| "it has a ready endpoint".to_owned())
    });
    h.until("Redis is back", 180, || h.not_ready(ns, 8));
    h.until("every key is there", 60, || missing(routes));
    assert_eq!(
        h.restarts(ns),
        restarts_before,
        "and neither server nor client restarted"
    );
    let before = iterations(h, ns);
    h.until("the client goes on", 60, || {
        (iterations(h, ns) <= before).then(|| "no new iteration".to_owned())
    });
}

fn lost_master(h: &Harness, ns: &str, routes: &Routes) {
    let master = masters(h, ns, None).remove(0);
    let process = processes::in_pod(h, "redis-server", &master);
    processes::signal(process, "STOP");
    let stopped = std::time::Instant::now();
    let other = h.until("another node owns its slots", 15, || {
        let now = masters(h, ns, Some(&master));
        (now.len() != 3 || now.contains(&master)).then(|| format!("masters {now:?}"))
    });
    h.until(
        "reads succeed",
        15_u64.saturating_sub(other.as_secs()).max(1),
        || missing(routes),
    );
    std::thread::sleep(Duration::from_mins(1).saturating_sub(stopped.elapsed()));
    processes::signal(process, "CONT");
    h.until("the lost one is back", 120, || h.not_ready(ns, 8));
    assert_eq!(missing(routes), None);
}

/// Pods that own slots, as the first node sees them that is not `away`.
fn masters(h: &Harness, ns: &str, away: Option<&str>) -> Vec<String> {
    let mut pods = (0..6).map(|n| format!("redis-{n}"));
    let pod = pods
        .find(|pod| Some(pod.as_str()) != away)
        .expect("six pods");
    let words = ["exec", "-n", ns, &pod, "-c", "redis", "--"];
    let nodes = h.kubectl(&[&words[..], &["redis-cli", "cluster", "nodes"]].concat());
    // id host:port@bus,hostname flags master ping pong epoch link slots...
    let lines = nodes
        .stdout
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>());
    let owners = lines.filter(|fields| {
        fields.len() > 8 && fields[2].contains("master") && !fields[2].contains("fail")
    });
    let mut names: Vec<String> = owners
        .filter_map(|fields| Some(fields[1].rsplit_once(',')?.1.split('.').next()?.to_owned()))
        .collect();
    names.sort();
    names
}

fn rolling_update(h: &Harness, ns: &str, routes: &Routes) {
    h.kubectl(&["rollout", "restart", "-n", ns, "statefulset/redis"])
        .succeeded();
    let mut written = Vec::new();
    for key in 1000.. {
        if routes.write(key, &message(key)) {
            written.push(key);
        }
        std::thread::sleep(Duration::from_millis(200));
        let set = h.get(&["statefulset", "redis", "-n", ns]);
        let (status, generation) = (&set["status"], &set["metadata"]["generation"]);
        let current = status["observedGeneration"] == *generation
            && status["updatedReplicas"] == 6
            && status["readyReplicas"] == 6
            && status["currentRevision"] == status["updateRevision"];
        if current {
            break;
        }
        assert!(key < 3000, "the update does not end: {status}");
    }
    assert!(
        written.len() > 10,
        "got {} writes during the update",
        written.len()
    );
    h.until("every key is there", 60, || missing(routes));
    let lost: Vec<&i32> = written
        .iter()
        .filter(|key| {
            !routes
                .read(**key)
                .is_some_and(|notes| notes.contains(&message(**key)))
        })
        .collect();
    assert!(
        lost.is_empty(),
        "acknowledged and lost in the update: {lost:?}"
    );
}
