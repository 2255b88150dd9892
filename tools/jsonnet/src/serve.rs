//! The evaluator's side: answers one request after another, in a process that may be ended at any
//! time.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;

use clap::Parser as _;
use windlass_param_file::Error::Usage;
use windlass_report::{Explain as _, harmless, print, render};

use crate::bounds::bound;
use crate::evaluate::{Evaluator, collect, evaluate_part};
use crate::protocol::{Input, WorkRequest, WorkResponse, line};
use crate::resolver::Resolver;
use crate::{Error, Limits, Request, apart, cli, output};

/// Answers requests until there are no more, or until it holds more memory than is worth it.
pub fn serve(program: &Path, limits: Limits, requests: impl Read + Send) {
    bound(limits, None);
    follow_parent();
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(limits.stack());
        let answering = thread.spawn_scoped(scope, || answer_all(program, limits, requests));
        if let Err(error) = answering {
            windlass_report::say(&format!("cannot start a thread: {error}"));
        }
    });
}

fn answer_all(program: &Path, limits: Limits, requests: impl Read) {
    let resolver = Resolver::sharing();
    let mut evaluator = Evaluator::new(resolver.clone());
    let mut held = 0;
    let requests = BufReader::new(requests).split(b'\n').map_while(Result::ok);
    for request in requests.map_while(|line| serde_json::from_slice(&line).ok()) {
        let response = answer(program, limits, &mut evaluator, &request);
        if print(&line(&response)).is_err() {
            break;
        }
        // All that follows is done while nobody waits.
        if response.exit_code != 0 {
            evaluator = Evaluator::new(resolver.clone());
        }
        evaluator.clear();
        if memory() > held + limits.kept() / 8 {
            collect();
            held = memory();
        }
        if held > limits.kept() {
            break;
        }
    }
    // What it holds goes with the process.
    std::mem::forget(evaluator);
}

fn answer(
    program: &Path,
    limits: Limits,
    evaluator: &mut Evaluator,
    asked: &WorkRequest,
) -> WorkResponse {
    let mut response = WorkResponse {
        request_id: asked.request_id,
        ..WorkResponse::default()
    };
    let done = within(&asked.sandbox_dir, || {
        render_one(program, limits, evaluator, asked, &mut response)
    });
    if let Err(error) = done {
        response.output.push_str(&render(&error));
        response.exit_code = error.exit() as u8;
    }
    response
}

fn render_one(
    program: &Path,
    limits: Limits,
    evaluator: &mut Evaluator,
    asked: &WorkRequest,
    response: &mut WorkResponse,
) -> Result<(), Error> {
    let words = std::iter::once("jsonnet").chain(asked.arguments.iter().map(String::as_str));
    let arguments = cli::Arguments::try_parse_from(words).map_err(Usage)?;
    let request = Request::try_from(&arguments)?;
    let label = &request.label;
    if asked.part.is_none()
        && let Some(files) = apart::render(program, limits, asked, &request)
    {
        return output::write(label, Ok(files));
    }
    let digests: HashMap<_, _> = asked.inputs.iter().map(digest).collect();
    let rendered = match asked.part {
        Some((first, end)) => evaluate_part(&request, first..end),
        None => evaluator.evaluate(&request, digests),
    };
    for line in &rendered.traces {
        response.output.push_str(&harmless(line));
        response.output.push('\n');
    }
    if asked.part.is_none() {
        return output::write(label, rendered.files);
    }
    let files = output::all(label, rendered.files)?;
    response.texts = files.into_iter().map(|(_, text)| text).collect();
    Ok(())
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
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0) * PAGE
}

/// The bytes of a page of memory, of the most usual size.
const PAGE: u64 = 4096;

/// Lets this process end with the one that started it.
#[cfg(target_os = "linux")]
fn follow_parent() {
    let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
}

/// Elsewhere it ends when it has answered.
#[cfg(not(target_os = "linux"))]
fn follow_parent() {}
