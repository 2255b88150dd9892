//! One process, measured: wall time from its start to its end, and its memory at the peak.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

use crate::error::Error;

/// A process that has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// What was run, for messages.
    pub what: String,
    /// From before it was started until it had ended.
    pub wall: Duration,
    /// Time on a processor: its own and the kernel's for it.
    pub cpu: Duration,
    /// The most memory that it had at one time, in bytes. Never less than what this process has
    /// when it starts the other, so that one holds no big things.
    pub peak: u64,
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// What it wrote on stdout.
    pub stdout: String,
    /// What it wrote on stderr.
    pub stderr: String,
}

/// Runs a command to its end. What it prints goes to files in `folder`: nobody has to read while
/// the time runs.
pub fn run(what: &str, command: &mut Command, folder: &Path) -> Result<Ended, Error> {
    let (stdout, stderr) = (folder.join("stdout"), folder.join("stderr"));
    let create = |path: &Path| File::create(path).map_err(Error::io("create", path));
    command.stdout(create(&stdout)?).stderr(create(&stderr)?);
    let program = command.get_program().to_owned();
    let started = Instant::now();
    let mut child = command.spawn().map_err(Error::io("start", &program))?;
    let used = child.wait4().map_err(Error::io("wait for", &program))?;
    let wall = started.elapsed();
    let read = |path: &Path| std::fs::read_to_string(path).map_err(Error::io("read", path));
    Ok(Ended {
        what: what.to_owned(),
        wall,
        cpu: used.rusage.utime + used.rusage.stime,
        peak: used.rusage.maxrss,
        code: used.status.code().unwrap_or(-1),
        stdout: read(&stdout)?,
        stderr: read(&stderr)?,
    })
}

impl Ended {
    /// Refuses another exit code.
    pub fn with_code(self, want: i32) -> Result<Self, Error> {
        if self.code == want {
            return Ok(self);
        }
        Err(Error::Ended {
            said: self.said(),
            what: self.what,
            code: self.code,
            want,
        })
    }

    /// Refuses a process that said nothing of what it is measured for.
    pub fn saying(self, want: &str) -> Result<Self, Error> {
        if self.stdout.contains(want) || self.stderr.contains(want) {
            return Ok(self);
        }
        Err(Error::Said {
            said: self.said(),
            what: self.what,
            want: want.to_owned(),
        })
    }

    fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// The wall time in milliseconds.
    pub fn milliseconds(&self) -> f64 {
        self.wall.as_secs_f64() * 1e3
    }

    /// The memory at the peak, in megabytes.
    pub fn megabytes(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
        let bytes = self.peak as f64;
        bytes / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_memory_and_words_of_a_process() {
        let folder = tempfile::tempdir().expect("folder");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "sleep 0.05; echo out; echo err >&2; exit 3"]);
        let ended = run("sh", &mut command, folder.path()).expect("runs");
        assert!(ended.wall >= Duration::from_millis(50), "{:?}", ended.wall);
        assert!(ended.peak > 100_000, "{} bytes", ended.peak);
        assert_eq!(
            (ended.stdout.as_str(), ended.stderr.as_str()),
            ("out\n", "err\n")
        );
        let ended = ended.with_code(3).expect("code 3");
        let error = ended.clone().with_code(0).expect_err("not 0").to_string();
        assert_eq!(error, "sh: got exit 3, want 0");
        let ended = ended.saying("err").expect("says it");
        let error = ended.saying("all well").expect_err("does not").to_string();
        assert_eq!(error, "sh: got no `all well` in what it said");
    }
}
