//! What the kernel says of this process, read when it is asked for. The names are those of
//! Prometheus' own clients. On a system without `/proc` there is only the start.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use std::fmt;
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Ticks of a second in `/proc/self/stat`: what Linux tells programs is always in hundredths.
const USER_HZ: f64 = 100.0;

/// The process since its start.
#[derive(Debug)]
pub(crate) struct Process {
    start: Duration,
}

impl Process {
    /// The process that starts now.
    pub(crate) fn now() -> Self {
        let start = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            start: start.unwrap_or_default(),
        }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Start of the process, since 1970.";
        let start = ConstGauge::new(self.start.as_secs_f64());
        write(&mut encoder, "process_start_time_seconds", help, &start)?;
        if let Some(seconds) = cpu_seconds() {
            let help = "Processor time that the process has used.";
            let seconds = ConstCounter::new(seconds);
            write(&mut encoder, "process_cpu_seconds", help, &seconds)?;
        }
        if let Some(bytes) = resident_bytes() {
            let help = "Memory that the process holds.";
            let bytes = ConstGauge::new(bytes);
            write(&mut encoder, "process_resident_memory_bytes", help, &bytes)?;
        }
        if let Some(files) = open_files() {
            let help = "Files and connections that the process has open.";
            write(
                &mut encoder,
                "process_open_fds",
                help,
                &ConstGauge::new(files),
            )?;
        }
        Ok(())
    }
}

fn write(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    metric: &impl EncodeMetric,
) -> fmt::Result {
    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
}

fn cpu_seconds() -> Option<f64> {
    ticks(&fs::read_to_string("/proc/self/stat").ok()?).map(|ticks| ticks / USER_HZ)
}

/// User and system time of `/proc/PID/stat`, fields 14 and 15. The second is the program's name in
/// parentheses, with whatever is in it.
fn ticks(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some(next()? + next()?)
}

fn resident_bytes() -> Option<u64> {
    resident(&fs::read_to_string("/proc/self/status").ok()?)
}

/// `VmRSS` of `/proc/PID/status`, which is in KiB.
fn resident(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn open_files() -> Option<u64> {
    // One of them is the folder that is being read.
    u64::try_from(fs::read_dir("/proc/self/fd").ok()?.count())
        .ok()?
        .checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_behind_any_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 90 0 0 0 250 50 0 0 20 0 4 0 13 2 3";
        assert_eq!(ticks(stat), Some(300.0));
        assert_eq!(ticks("7 (a) S 1"), None);
        assert_eq!(resident("VmHWM:\t 9 kB\nVmRSS:\t  12 kB\n"), Some(12_288));
        assert_eq!(resident("VmHWM:\t 9 kB\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_runs() {
        let megabyte = 1 << 20;
        assert!(resident_bytes().is_some_and(|bytes| bytes > megabyte));
        assert!(cpu_seconds().is_some_and(|seconds| seconds >= 0.0));
        let before = open_files().expect("has files");
        let one = fs::File::open("/proc/self/stat").expect("opens");
        // Other tests of this process open and close files too: at least this one is open.
        assert!(before > 0 && open_files().is_some_and(|files| files > 0));
        drop(one);
    }
}
