//! Processes of the test's own cluster, seen from outside its pods.

use crate::Harness;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The process of a program in a pod of this cluster: by its name and the pod's host name.
#[track_caller]
pub fn in_pod(harness: &Harness, program: &str, pod: &str) -> u32 {
    let supervisor = supervisor(harness);
    let named: Vec<u32> = ids()
        .filter(|id| is_program(*id, program) && has_host_name(*id, pod))
        .collect();
    let found: Vec<&u32> = named
        .iter()
        .filter(|id| is_below(**id, supervisor))
        .collect();
    assert_eq!(
        found.len(),
        1,
        "want one `{program}` in `{pod}` below {supervisor}, got {named:?}"
    );
    *found[0]
}

/// The process of a program of this cluster's node: by its name.
#[track_caller]
pub fn of_node(harness: &Harness, program: &str) -> u32 {
    let supervisor = supervisor(harness);
    let found: Vec<u32> = ids()
        .filter(|id| is_program(*id, program) && is_below(*id, supervisor))
        .collect();
    assert_eq!(found.len(), 1, "want one `{program}` below {supervisor}");
    found[0]
}

fn ids() -> impl Iterator<Item = u32> {
    let all = std::fs::read_dir("/proc").expect("/proc").flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
}

/// The process at the top of this cluster, from the records that all clusters keep.
#[track_caller]
fn supervisor(harness: &Harness) -> u32 {
    let records = std::fs::read_dir("/run/windlass")
        .expect("records")
        .flatten();
    let texts = records.filter_map(|record| std::fs::read_to_string(record.path()).ok());
    let values = texts.filter_map(|text| serde_json::from_str::<Value>(&text).ok());
    let mut own = values.filter(|value| value["state"].as_str() == harness.state.to_str());
    let pid = own.next().and_then(|record| record["pid"].as_u64());
    pid.and_then(|pid| u32::try_from(pid).ok())
        .expect("a record of this cluster")
}

/// Sends a signal by name: `STOP`, `CONT`.
#[track_caller]
pub fn signal(process: u32, name: &str) {
    let status = Command::new("kill")
        .args([format!("-{name}"), process.to_string()])
        .status();
    assert!(
        status.expect("kill runs").success(),
        "kill -{name} {process}"
    );
}

fn is_program(id: u32, program: &str) -> bool {
    let name = std::fs::read_to_string(Path::new("/proc").join(id.to_string()).join("comm"));
    name.is_ok_and(|name| name.trim() == program)
}

/// By the file that the kubelet mounts: a program may write over its environment, and Redis does.
fn has_host_name(id: u32, pod: &str) -> bool {
    let file = Path::new("/proc")
        .join(id.to_string())
        .join("root/etc/hostname");
    std::fs::read_to_string(file).is_ok_and(|name| name.trim() == pod)
}

fn is_below(id: u32, ancestor: u32) -> bool {
    let mut id = id;
    while id > 1 {
        if id == ancestor {
            return true;
        }
        let stat = std::fs::read_to_string(Path::new("/proc").join(id.to_string()).join("stat"));
        // `pid (comm) state ppid ...`; a comm may hold blanks and parentheses.
        let parent = stat.ok().and_then(|text| {
            text.rsplit_once(") ")?
                .1
                .split(' ')
                .nth(1)?
                .parse::<u32>()
                .ok()
        });
        id = parent.unwrap_or(0);
    }
    false
}
