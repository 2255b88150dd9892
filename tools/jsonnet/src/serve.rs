//! The evaluator's side: answers one request after another, in a process that may be ended at any
//! time.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::Path;
use std::sync::mpsc::channel;

use clap::Parser as _;
use windlass_param_file::Error::Usage;
use windlass_report::{Explain as _, harmless, render};
use windlass_worker::{Input, WorkRequest, WorkResponse, line};

use crate::bounds::{self, bound, follow_parent};
use crate::cli::{self, Persistent};
use crate::evaluate::{Evaluator, collect, linger};
use crate::resolver::Resolver;
use crate::told::Told;
use crate::{Error, Limits, Request, output};

/// Answers requests until there are no more, or until it holds more memory than is worth it.
pub fn serve(options: Persistent, requests: impl Read + Send + 'static) {
    let limits = options.limits;
    bound();
    follow_parent();
    let (send, done) = channel();
    let thread = std::thread::Builder::new().stack_size(limits.stack());
    let answering = thread.spawn(move || {
        answer_all(options, requests);
        let _ = send.send(());
        linger();
    });
    let panicked = match answering {
        Ok(answering) if done.recv().is_err() => answering.join().err(),
        Ok(_) => None,
        Err(error) => {
            windlass_report::say(&format!("cannot start a thread: {error}"));
            None
        }
    };
    if let Some(panic) = panicked {
        std::panic::resume_unwind(panic);
    }
}

/// Memory that has to be new before it is worth to look for what can be freed, in bytes.
const NEW: u64 = 32 << 20;

struct Server {
    limits: Limits,
    /// What is rendered is told, not written.
    tells: bool,
    evaluator: Evaluator,
    resolver: Resolver,
    /// The most bytes of files that a request had.
    sources: u64,
    /// The memory after the last look for what can be freed.
    held: u64,
}

fn answer_all(options: Persistent, requests: impl Read) {
    let resolver = Resolver::sharing();
    let mut server = Server {
        limits: options.limits,
        tells: options.tell,
        evaluator: Evaluator::new(resolver.clone()),
        resolver,
        sources: 0,
        held: 0,
    };
    let requests = BufReader::new(requests).split(b'\n').map_while(Result::ok);
    for request in requests.map_while(|line| serde_json::from_slice(&line).ok()) {
        let response = server.answer(&request);
        let mut stdout = std::io::stdout().lock();
        let answered = stdout.write_all(&line(&response));
        if answered.and_then(|()| stdout.flush()).is_err() {
            break;
        }
        // All that follows is done while nobody waits.
        if response.exit_code != 0 || server.resolver.is_mixed() {
            server.evaluator = Evaluator::new(server.resolver.clone());
        }
        if server.is_full() {
            break;
        }
    }
    // What it holds goes with the process.
    std::mem::forget(server);
}

impl Server {
    fn answer(&mut self, asked: &WorkRequest) -> WorkResponse {
        let mut response = WorkResponse {
            request_id: asked.request_id,
            ..WorkResponse::default()
        };
        let done = within(&asked.sandbox_dir, || self.render(asked, &mut response));
        if let Err(error) = done {
            response.output.push_str(&render(&error));
            response.exit_code = error.exit() as u8;
        }
        response
    }

    fn render(&mut self, asked: &WorkRequest, response: &mut WorkResponse) -> Result<(), Error> {
        let words = std::iter::once("jsonnet").chain(asked.arguments.iter().map(String::as_str));
        let arguments = cli::Arguments::try_parse_from(words).map_err(Usage)?;
        let request = Request::try_from(&arguments)?;
        let label = &request.label;
        let size = request.sources.size();
        self.sources = self.sources.max(size);
        bounds::memory(self.limits.memory(size));
        let digests: HashMap<_, _> = asked.inputs.iter().map(digest).collect();
        let rendered = self.evaluator.evaluate(&request, digests);
        if self.tells {
            response.output = Told::of(label, rendered).text();
            return Ok(());
        }
        for line in &rendered.traces {
            response.output.push_str(&harmless(line));
            response.output.push('\n');
        }
        output::write(label, rendered.files)
    }

    /// Frees what can be freed, if there is much of it, and says whether too much is left.
    fn is_full(&mut self) -> bool {
        self.evaluator.clear();
        if memory() > self.held + NEW {
            collect();
            self.held = memory();
        }
        self.held > self.limits.kept(self.sources)
    }
}

fn digest(input: &Input) -> (String, String) {
    (input.path.clone(), input.digest.clone())
}

/// Does something with `folder` as the working directory; where it is empty, in this one.
pub fn within(folder: &str, work: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    if folder.is_empty() {
        return work();
    }
    let enter = |path: &Path| {
        std::env::set_current_dir(path).map_err(|source| Error::Enter {
            path: path.to_owned(),
            source,
        })
    };
    let home = std::env::current_dir().map_err(|source| Error::Enter {
        path: ".".into(),
        source,
    })?;
    enter(Path::new(folder))?;
    let done = work();
    enter(&home)?;
    done
}

/// What is in memory of this process, in bytes; nothing where the system does not say.
fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    resident(&text).unwrap_or(0)
}

/// Of a process's status, what it has in memory, in bytes.
fn resident(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_memory_is_read_from_the_status() {
        let status = "Name:\tjsonnet\nVmHWM:\t   90000 kB\nVmRSS:\t    2048 kB\nThreads:\t1\n";
        assert_eq!(resident(status), Some(2 << 20));
        assert_eq!(resident("Name:\tjsonnet\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_in_memory() {
        assert!(memory() > 1 << 20, "{}", memory());
    }
}
