//! Runs that are killed at any moment: the next one converges, whatever was done.

use crate::{Harness, audit, processes};
use serde_json::Value;
use std::collections::BTreeSet;
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

/// Walkers, each with groups of its own: what was killed holds its leases for a while, and that
/// passes for all of them at once.
const WALKERS: usize = 4;
/// What the groups alternate between.
const TIDES: [&str; 2] = ["ebb", "flood"];
/// The moments at which runs are killed, spread over the time of one.
const MOMENTS: u32 = 20;
/// How often they are gone through at most.
const PASSES: u32 = 3;

pub(super) fn run(h: &Harness) {
    let mut random = Random::from_environment();
    h.run("//e2e/alice:setup.apply", &[]).succeeded();
    all(h, "ebb");
    all(h, "flood");
    let usual = all(h, "ebb");
    let (mut killed, mut rounds) = (0, 0);
    // Where runs have become quicker than the usual one, most have ended by their moments: sooner, then.
    for pass in 0..PASSES {
        let mut moments: Vec<u32> = (0..MOMENTS).collect();
        random.shuffle(&mut moments);
        for moments in moments.chunks(WALKERS) {
            rounds += 1;
            let tide = TIDES[rounds % 2];
            let moments = moments.iter().map(|moment| {
                let within = f64::from(*moment) + random.next_fraction();
                usual.mul_f64(within / f64::from(MOMENTS << pass))
            });
            killed += kill(h, tide, &moments.collect::<Vec<_>>());
            all(h, tide);
            converged(h, tide);
        }
        if killed >= MOMENTS / 2 {
            break;
        }
    }
    windlass_report::say(&format!("{killed} runs were killed before their end"));
    assert!(killed >= MOMENTS / 2, "too few runs were killed: {killed}");
    let last = TIDES[rounds % 2];
    api_server_away(h, usual, last);
}

fn target(walker: usize, tide: &str) -> String {
    format!("//e2e/engine:top-{walker}-{tide}.apply")
}

/// Applies all to their end; gives back how long that took.
fn all(h: &Harness, tide: &str) -> Duration {
    let started = Instant::now();
    let runs: Vec<_> = (0..WALKERS)
        .map(|walker| h.start(&target(walker, tide), &[]))
        .collect();
    for run in runs {
        run.end().succeeded();
    }
    started.elapsed()
}

/// Starts all and kills each at its moment; gives back how many had not ended by then.
fn kill(h: &Harness, tide: &str, moments: &[Duration]) -> u32 {
    std::thread::scope(|scope| {
        let walkers = moments.iter().enumerate().map(|(walker, moment)| {
            scope.spawn(move || {
                let run = h.start(&target(walker, tide), &[]);
                std::thread::sleep(*moment);
                let outcome = run.kill();
                windlass_report::say(&format!("killed after {moment:?}"));
                u32::from(outcome.code == -1)
            })
        });
        let walkers: Vec<_> = walkers.collect();
        let ends = walkers.into_iter().map(ScopedJoinHandle::join);
        ends.map(|end| end.expect("a walker")).sum()
    })
}

/// Nothing is left to do, nothing is there twice, and inventories have what there is.
#[track_caller]
fn converged(h: &Harness, tide: &str) {
    let before = audit::writes(h).len();
    all(h, tide);
    assert_eq!(audit::writes(h)[before..], [""; 0], "the next run is empty");
    // A run that was killed when all was done has left its leases: nobody renews them.
    let leases = h.list(&["leases", "-n", "alice"]);
    if !leases.is_empty() {
        std::thread::sleep(Duration::from_secs(5));
        assert_eq!(h.list(&["leases", "-n", "alice"]), leases, "leases");
    }
    let wanted: BTreeSet<String> = (0..WALKERS)
        .flat_map(|walker| ["base", "top"].map(|group| format!("{group}-{walker}")))
        .flat_map(|group| {
            let config = format!("ConfigMap alice/{group}-{tide}");
            [config, format!("Deployment.apps alice/{group}")]
        })
        .collect();
    let is_ours = |item: &Value| {
        let name = crate::kubectl_name(item);
        !name.starts_with("windlass.") && name != "kube-root-ca.crt"
    };
    let mut objects = h.list(&["configmaps,deployments", "-n", "alice"]);
    let maps = objects.clone();
    objects.retain(is_ours);
    let objects: BTreeSet<(String, String)> = objects.iter().map(standing).collect();
    let names: BTreeSet<String> = objects.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names, wanted);
    let books = maps
        .iter()
        .filter(|map| crate::kubectl_name(map).starts_with("windlass."));
    let entries: BTreeSet<(String, String)> = books.flat_map(entries).collect();
    assert_eq!(entries, objects, "inventories and objects");
}

/// An object as an inventory calls it, and its uid.
fn standing(object: &Value) -> (String, String) {
    let meta = &object["metadata"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let group = if object["kind"] == "Deployment" {
        ".apps"
    } else {
        ""
    };
    let name = format!(
        "{}{group} {}/{}",
        text(&object["kind"]),
        text(&meta["namespace"]),
        text(&meta["name"])
    );
    (name, text(&meta["uid"]))
}

/// What an inventory has: objects, and their uids.
fn entries(inventory: &Value) -> Vec<(String, String)> {
    let lines = inventory["data"]["objects"]
        .as_str()
        .unwrap_or_default()
        .lines();
    let entry = |line: &str| {
        let parts: Vec<&str> = line.split(' ').collect();
        (parts[..2].join(" "), parts[2].to_owned())
    };
    lines.map(entry).collect()
}

/// The API server does not answer for a while, in mid-run: the run waits for it and ends well.
fn api_server_away(h: &Harness, usual: Duration, last: &str) {
    let server = processes::of_node(h, "kube-apiserver");
    let tide = if last == TIDES[0] { TIDES[1] } else { TIDES[0] };
    let run = h.start(&target(0, tide), &[]);
    std::thread::sleep(usual / 3);
    processes::signal(server, "STOP");
    std::thread::sleep(Duration::from_secs(5));
    processes::signal(server, "CONT");
    run.end().succeeded();
    all(h, tide);
    converged(h, tide);
}

/// Numbers that the seed decides: `WINDLASS_SEED`, or one that is printed.
struct Random(u64);

impl Random {
    fn from_environment() -> Self {
        let given = std::env::var("WINDLASS_SEED").ok();
        let seed = given.map_or_else(
            || u64::from(std::process::id()) ^ nanoseconds(),
            |seed| seed.parse().expect("WINDLASS_SEED is a number"),
        );
        windlass_report::say(&format!("WINDLASS_SEED={seed}"));
        Self(seed)
    }

    /// Splitmix64, <https://prng.di.unimi.it/splitmix64.c>.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1, 1 left out.
    fn next_fraction(&mut self) -> f64 {
        let bits = u32::try_from(self.next() >> 32).expect("32 bits");
        f64::from(bits) / (f64::from(u32::MAX) + 1.0)
    }

    fn shuffle(&mut self, items: &mut [u32]) {
        for last in (1..items.len()).rev() {
            let among = u64::try_from(last + 1).expect("a small number");
            let other = usize::try_from(self.next() % among).expect("a small number");
            items.swap(last, other);
        }
    }
}

fn nanoseconds() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| u64::from(since.subsec_nanos()))
}
