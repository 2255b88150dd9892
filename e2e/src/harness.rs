//! What every case starts from: the launchers, kubectl, and a clock.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The environment of a case.
#[derive(Debug)]
pub struct Harness {
    runfiles: PathBuf,
    kubeconfig: PathBuf,
    pub(crate) kubectl: PathBuf,
    /// The cluster's state folder: logs, the supervisor's pid.
    pub state: PathBuf,
}

/// What a launcher printed, and how it ended.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// Data.
    pub stdout: String,
    /// Everything else.
    pub stderr: String,
}

impl Outcome {
    /// Fails unless the exit code is 0.
    #[track_caller]
    pub fn succeeded(&self) -> &Self {
        assert_eq!(
            self.code, 0,
            "want exit 0\n{}\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Fails unless stderr holds `text`.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        assert!(
            self.stderr.contains(text),
            "want `{text}` in:\n{}",
            self.stderr
        );
        self
    }
}

impl Harness {
    /// Reads `RUNFILES_DIR`, `KUBECONFIG`, `WINDLASS_CLUSTER_STATE` and `WINDLASS_KUBECTL`.
    pub fn from_environment() -> Self {
        let path = |name: &str| {
            PathBuf::from(std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set")))
        };
        Self {
            runfiles: path("RUNFILES_DIR"),
            kubeconfig: path("KUBECONFIG"),
            kubectl: path("WINDLASS_KUBECTL"),
            state: path("WINDLASS_CLUSTER_STATE"),
        }
    }

    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The folder of the runfiles.
    pub fn runfiles(&self) -> &Path {
        &self.runfiles
    }

    /// A runfile of this repository: `services/client/myns-deep.apply`.
    pub fn runfile(&self, path: &str) -> PathBuf {
        self.runfiles.join("_main").join(path)
    }

    /// Runs a launcher as a user would: `//services/client:myns-deep.apply`, with arguments.
    pub fn run(&self, target: &str, arguments: &[&str]) -> Outcome {
        self.run_with(&self.kubeconfig, target, arguments)
    }

    /// The same with another kubeconfig.
    pub fn run_with(&self, kubeconfig: &Path, target: &str, arguments: &[&str]) -> Outcome {
        let start = Instant::now();
        let outcome = self.execute(&self.launcher(target), kubeconfig, arguments);
        let took = start.elapsed().as_secs_f32();
        windlass_report::say(&format!(
            "$ {target} {arguments:?}: exit {} after {took:.2} s\n{}",
            outcome.code, outcome.stderr
        ));
        outcome
    }

    pub(crate) fn execute(&self, program: &Path, kubeconfig: &Path, arguments: &[&str]) -> Outcome {
        let output = Command::new(program)
            .args(arguments)
            .env("KUBECONFIG", kubeconfig)
            .env("RUNFILES_DIR", &self.runfiles)
            .output()
            .unwrap_or_else(|error| panic!("cannot run `{}`: {error}", program.display()));
        Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub(crate) fn launcher(&self, target: &str) -> PathBuf {
        self.runfile(&target.trim_start_matches("//").replace(':', "/"))
    }

    /// Waits until `holds` gives `None`; fails after `seconds` with what it gave last.
    #[track_caller]
    pub fn until(
        &self,
        what: &str,
        seconds: u64,
        mut holds: impl FnMut() -> Option<String>,
    ) -> Duration {
        let start = Instant::now();
        loop {
            let Some(missing) = holds() else {
                let took = start.elapsed();
                windlass_report::say(&format!("ok after {:.1} s: {what}", took.as_secs_f32()));
                return took;
            };
            assert!(
                start.elapsed().as_secs() < seconds,
                "not within {seconds} s: {what}: {missing}"
            );
            std::thread::sleep(Duration::from_millis(500));
        }
    }
}
