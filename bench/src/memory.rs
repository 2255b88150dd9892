//! The memory of a process and of all that it starts, together.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::error::Error;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// The most memory that a command and its descendants had at one time, in megabytes, by looking
/// every 5 ms. Of a page that several processes share, each counts its part.
pub fn peak(command: &mut Command) -> Result<f64, Error> {
    let program = command.get_program().to_owned();
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(Error::io("start", &program))?;
    let mut peak = 0;
    while child
        .try_wait()
        .map_err(Error::io("wait for", &program))?
        .is_none()
    {
        peak = peak.max(resident(child.id()));
        std::thread::sleep(PAUSE);
    }
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    let megabytes = peak as f64 / 1e3;
    Ok(megabytes)
}

/// What a process and its descendants have in memory, in kilobytes; nothing of one that has ended.
fn resident(id: u32) -> u64 {
    let process = Path::new("/proc").join(id.to_string());
    let read = |name: &str| std::fs::read_to_string(process.join(name)).unwrap_or_default();
    let sums = read("smaps_rollup");
    let own = sums.lines().find_map(|line| line.strip_prefix("Pss:"));
    let own = own.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
    let threads = std::fs::read_dir(process.join("task"))
        .into_iter()
        .flatten();
    let children = threads.flatten().map(|thread| {
        let path = thread.path().join("children");
        std::fs::read_to_string(path).unwrap_or_default()
    });
    let children = children.flat_map(|ids| {
        let ids = ids.split_whitespace().flat_map(str::parse);
        ids.map(resident).collect::<Vec<_>>()
    });
    own.unwrap_or(0) + children.sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_starts_counts() {
        let one = peak(Command::new("sleep").arg("0.1")).expect("runs");
        let script = "sleep 0.1 & sleep 0.1 & sleep 0.1 & wait";
        let all = peak(Command::new("sh").args(["-c", script])).expect("runs");
        assert!(one > 0.05, "{one}");
        assert!(all > 1.5 * one, "{all}, {one}");
    }
}
