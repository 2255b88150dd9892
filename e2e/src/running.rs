//! Launchers that run until somebody ends them.

use crate::{Harness, Outcome, processes};
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// A launcher that runs, and what it has printed so far. It ends with this.
#[derive(Debug)]
pub struct Running {
    target: String,
    child: Child,
    stdout: Reading,
    stderr: Reading,
}

#[derive(Debug)]
struct Reading {
    text: Arc<Mutex<String>>,
    thread: Option<JoinHandle<()>>,
}

impl Reading {
    fn of(source: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let shared = text.clone();
        let thread = std::thread::spawn(move || {
            let mut source = BufReader::new(source);
            let mut line = Vec::new();
            while source.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                let mut text = shared.lock().expect("nobody panics with it");
                text.push_str(&String::from_utf8_lossy(&line));
                line.clear();
            }
        });
        Self {
            text,
            thread: Some(thread),
        }
    }

    fn text(&self) -> String {
        self.text.lock().expect("nobody panics with it").clone()
    }

    fn end(&mut self) -> String {
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the reader does not panic");
        }
        self.text()
    }
}

impl Harness {
    /// Starts a launcher: `//services/client:myns-deep.logs`, with arguments.
    #[track_caller]
    pub fn start(&self, target: &str, arguments: &[&str]) -> Running {
        self.start_with(self.kubeconfig(), target, arguments)
    }

    /// The same with another kubeconfig.
    #[track_caller]
    pub fn start_with(&self, kubeconfig: &Path, target: &str, arguments: &[&str]) -> Running {
        let mut child = Command::new(self.launcher(target))
            .args(arguments)
            .env("KUBECONFIG", kubeconfig)
            .env("RUNFILES_DIR", self.runfiles())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run `{target}`: {error}"));
        windlass_report::say(&format!("$ {target} {arguments:?} &"));
        Running {
            target: target.to_owned(),
            stdout: Reading::of(child.stdout.take().expect("piped")),
            stderr: Reading::of(child.stderr.take().expect("piped")),
            child,
        }
    }
}

impl Running {
    /// What it has printed.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it has said.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Waits until it has printed a line with `text`, and gives back that line.
    #[track_caller]
    pub fn until(&self, harness: &Harness, text: &str) -> String {
        let line = || {
            let all = self.stdout();
            all.lines()
                .find(|line| line.contains(text))
                .map(str::to_owned)
        };
        harness.until(&format!("a line with `{text}`"), 60, || match line() {
            Some(_) => None,
            None => Some(format!("{}\n{}", self.stdout(), self.stderr.text())),
        });
        line().expect("it was there")
    }

    /// Ends it as Ctrl-C does.
    #[track_caller]
    pub fn interrupt(self) -> Outcome {
        processes::signal(self.child.id(), "INT");
        self.end()
    }

    /// Kills it, if it still runs. Its code is -1 if it was killed.
    pub fn kill(mut self) -> Outcome {
        let _ = self.child.kill();
        self.end()
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(mut self) -> Outcome {
        let status = self.child.wait().expect("it ends");
        let outcome = Outcome {
            code: status.code().unwrap_or(-1),
            stdout: self.stdout.end(),
            stderr: self.stderr.end(),
        };
        let (target, code) = (&self.target, outcome.code);
        windlass_report::say(&format!("$ {target}: exit {code}\n{}", outcome.stderr));
        outcome
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Only where the case failed before it ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
