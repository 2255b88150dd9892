//! Bazel's side: takes requests, lets evaluators answer them, several at a time.
//!
//! This process reads no source and evaluates nothing, so nothing that a source does ends it. An
//! evaluator that was ended by what it was asked is replaced, and that request alone fails.

use std::collections::{HashMap, VecDeque};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use windlass_report::{Explain as _, render};
use windlass_worker::{WorkRequest, WorkResponse, line, requests};

use crate::process::{Handle, Process};
use crate::{Error, Limits};

/// Evaluators at a time: Bazel gives no worker more than that, unless it is told to.
const MOST: usize = 8;

/// What all threads see.
struct Worker<W> {
    program: PathBuf,
    limits: Limits,
    jobs: Mutex<Jobs>,
    changed: Condvar,
    responses: Mutex<W>,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<WorkRequest>,
    running: HashMap<i32, Running>,
    /// Evaluators without work; the one that worked last is the last.
    idle: Vec<Process>,
    /// There will be no more requests.
    closed: bool,
}

struct Running {
    evaluator: Handle,
    cancelled: bool,
}

/// Answers all requests; `program` is this one.
///
/// # Errors
/// What comes in is no request.
pub fn work(
    program: &Path,
    limits: Limits,
    from: impl Read,
    responses: impl Write + Send,
) -> Result<(), Error> {
    let worker = Worker {
        program: program.to_owned(),
        limits,
        jobs: Mutex::default(),
        changed: Condvar::new(),
        responses: Mutex::new(responses),
    };
    let threads = std::thread::available_parallelism().map_or(MOST, |n| n.get().min(MOST));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| while worker.work_once().is_some() {});
        }
        let done = requests(from).try_for_each(|request| {
            worker.take(request?);
            Ok(())
        });
        worker.jobs().closed = true;
        worker.changed.notify_all();
        done
    })
}

/// Starts an evaluator.
pub(crate) fn start(program: &Path, limits: Limits) -> Result<Process, Error> {
    Process::start(program, limits).map_err(|source| Error::Start {
        program: program.to_owned(),
        source,
    })
}

fn failed(error: &Error, request: &WorkRequest) -> WorkResponse {
    WorkResponse {
        exit_code: error.exit() as u8,
        output: render(error),
        request_id: request.request_id,
        ..WorkResponse::default()
    }
}

impl<W: Write> Worker<W> {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn respond(&self, response: &WorkResponse) {
        let mut out = self
            .responses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Where Bazel has gone, requests end too.
        let _ = out.write_all(&line(response)).and_then(|()| out.flush());
    }

    fn take(&self, request: WorkRequest) {
        if request.cancel {
            return self.cancel(request.request_id);
        }
        self.jobs().waiting.push_back(request);
        self.changed.notify_one();
    }

    /// What waits is forgotten, what runs is ended; what is answered already stays so.
    fn cancel(&self, id: i32) {
        let mut jobs = self.jobs();
        if let Some(running) = jobs.running.get_mut(&id) {
            running.cancelled = true;
            running.evaluator.kill();
            return;
        }
        let waiting = jobs.waiting.len();
        jobs.waiting.retain(|request| request.request_id != id);
        let was_waiting = jobs.waiting.len() < waiting;
        drop(jobs);
        if was_waiting {
            self.respond(&cancelled(id));
        }
    }

    /// Does one job; `None` when there will be none.
    fn work_once(&self) -> Option<()> {
        let mut jobs = self.jobs();
        let request = loop {
            if let Some(request) = jobs.waiting.pop_front() {
                break request;
            }
            if jobs.closed {
                return None;
            }
            jobs = self
                .changed
                .wait(jobs)
                .unwrap_or_else(PoisonError::into_inner);
        };
        let idle = jobs.idle.pop();
        let response = match idle.map_or_else(|| start(&self.program, self.limits), Ok) {
            Ok(evaluator) => self.evaluate(jobs, evaluator, &request),
            Err(error) => {
                drop(jobs);
                failed(&error, &request)
            }
        };
        self.respond(&response);
        Some(())
    }

    /// Lets an evaluator answer. One that has answered others before gives way to a new one where
    /// it comes to an end: what it held already may have been too much.
    fn evaluate<'a>(
        &'a self,
        mut jobs: MutexGuard<'a, Jobs>,
        mut evaluator: Process,
        request: &WorkRequest,
    ) -> WorkResponse {
        let id = request.request_id;
        loop {
            let running = Running {
                evaluator: evaluator.handle(),
                cancelled: false,
            };
            jobs.running.insert(id, running);
            drop(jobs);
            let answer = evaluator.ask(request, self.limits.deadline());
            jobs = self.jobs();
            let was_cancelled = jobs.running.remove(&id).is_some_and(|one| one.cancelled);
            match answer {
                _ if was_cancelled => return cancelled(id),
                Ok(response) => {
                    jobs.idle.push(evaluator);
                    return response;
                }
                Err(cause) if evaluator.is_used() && !cause.is_time() => {
                    match start(&self.program, self.limits) {
                        Ok(new) => evaluator = new,
                        Err(error) => return failed(&error, request),
                    }
                }
                Err(cause) => {
                    let label = label(request);
                    return failed(&Error::Render { label, cause }, request);
                }
            }
        }
    }
}

fn cancelled(id: i32) -> WorkResponse {
    WorkResponse {
        request_id: id,
        was_cancelled: true,
        ..WorkResponse::default()
    }
}

/// The target of a request, for messages.
pub fn label(request: &WorkRequest) -> String {
    let mut words = request.arguments.iter();
    words.find(|word| *word == "--label");
    words.next().cloned().unwrap_or_default()
}
