//! An evaluator in a process of its own: requests go in, answers come out, and whatever a source
//! does to it, what started it lives on.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::limits::Deadline;
use crate::{Cause, Limits, bounds};
use windlass_worker::{WorkRequest, WorkResponse, line};

/// As much of an evaluator's last words as is kept, in bytes.
const LAST_WORDS: u64 = 4096;

/// An evaluator's process.
pub struct Process {
    child: Handle,
    requests: Option<ChildStdin>,
    answers: Receiver<WorkResponse>,
    last_words: Option<JoinHandle<String>>,
    limits: Limits,
    answered: usize,
}

/// What ends the process, also while somebody else waits for its answer.
#[derive(Clone)]
pub struct Handle(Arc<Mutex<Child>>);

impl Handle {
    /// Ends the process at once.
    pub fn kill(&self) {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
    }

    fn wait(&self) -> std::io::Result<ExitStatus> {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        child.wait()
    }
}

impl Process {
    /// Starts one: `program` is this one, see [`crate::serve`].
    pub fn start(program: &Path, limits: Limits) -> std::io::Result<Self> {
        Self::start_with(program, limits, &[])
    }

    /// Starts one that is told more about how to answer, see [`crate::cli::Persistent`].
    pub fn start_with(program: &Path, limits: Limits, flags: &[&str]) -> std::io::Result<Self> {
        let mut child = Command::new(program)
            .arg("--evaluator")
            .args(flags)
            .arg(format!("--memory-mb={}", limits.memory_mb))
            .arg(format!("--seconds={}", limits.seconds))
            // A backtrace of its own end would tell a user nothing.
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let requests = child.stdin.take();
        let (send, answers) = channel();
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || {
                let answers = BufReader::new(stdout).split(b'\n').map_while(Result::ok);
                for answer in answers.map_while(|line| serde_json::from_slice(&line).ok()) {
                    if send.send(answer).is_err() {
                        break;
                    }
                }
            });
        }
        let last_words = child.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut words = Vec::new();
                let _ = stderr.by_ref().take(LAST_WORDS).read_to_end(&mut words);
                let _ = std::io::copy(&mut stderr, &mut std::io::sink());
                String::from_utf8_lossy(&words).into_owned()
            })
        });
        Ok(Self {
            child: Handle(Arc::new(Mutex::new(child))),
            requests,
            answers,
            last_words,
            limits,
            answered: 0,
        })
    }

    /// What ends it.
    pub fn handle(&self) -> Handle {
        self.child.clone()
    }

    /// Whether it has answered before, and may hold what it learned then.
    pub fn is_used(&self) -> bool {
        self.answered > 0
    }

    /// Waits for the answer to a request, until the deadline.
    ///
    /// # Errors
    /// Why there is none. Nothing more can be asked then.
    pub fn ask(
        &mut self,
        request: &WorkRequest,
        deadline: Deadline,
    ) -> Result<WorkResponse, Cause> {
        if let Some(requests) = &mut self.requests {
            // Where it has ended already, there will be no answer either.
            let _ = requests.write_all(&line(request));
        }
        match self.answers.recv_timeout(deadline.left()) {
            Ok(response) => {
                self.answered += 1;
                Ok(response)
            }
            Err(RecvTimeoutError::Timeout) => {
                self.child.kill();
                self.ended();
                Err(deadline.missed())
            }
            Err(RecvTimeoutError::Disconnected) => Err(self.ended()),
        }
    }

    /// Waits for its end, and says why it came.
    fn ended(&mut self) -> Cause {
        self.requests = None;
        let status = self.child.wait();
        let words = self.last_words.take().and_then(|words| words.join().ok());
        cause(status.ok(), &words.unwrap_or_default(), self.limits)
    }
}

impl Drop for Process {
    /// Without requests it ends by itself; nobody waits for an answer here.
    fn drop(&mut self) {
        self.child.kill();
        let _ = self.child.wait();
    }
}

/// Why an evaluator ended.
pub fn cause(status: Option<ExitStatus>, words: &str, limits: Limits) -> Cause {
    let code = status.and_then(|status| u8::try_from(status.code()?).ok());
    code.and_then(|code| bounds::cause(code, words, limits))
        .unwrap_or_else(|| Cause::Ended {
            status: status.map_or_else(|| "its status is lost".to_owned(), |s| s.to_string()),
            words: words
                .lines()
                .filter(|line| !line.is_empty())
                .map(|line| format!("  {line}"))
                .collect(),
        })
}
