//! Processes of the test's own cluster, seen from outside its pods.

use crate::Harness;
use std::path::Path;
use std::process::Command;

/// The process of a program in a pod of this cluster: by its name and the pod's host name.
#[track_caller]
pub fn in_pod(harness: &Harness, program: &str, pod: &str) -> u32 {
    let pid = harness.state.join("pid");
    let supervisor: u32 = std::fs::read_to_string(&pid)
        .unwrap_or_else(|error| panic!("cannot read `{}`: {error}", pid.display()))
        .trim()
        .parse()
        .expect("a pid");
    let all = std::fs::read_dir("/proc").expect("/proc").flatten();
    let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let found: Vec<u32> = ids
        .filter(|id| {
            is_program(*id, program) && has_host_name(*id, pod) && is_below(*id, supervisor)
        })
        .collect();
    assert_eq!(
        found.len(),
        1,
        "want one `{program}` in `{pod}`, got {found:?}"
    );
    found[0]
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

fn has_host_name(id: u32, pod: &str) -> bool {
    let environment = std::fs::read(Path::new("/proc").join(id.to_string()).join("environ"));
    let want = format!("HOSTNAME={pod}");
    environment.is_ok_and(|bytes| {
        bytes
            .split(|byte| *byte == 0)
            .any(|entry| entry == want.as_bytes())
    })
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
