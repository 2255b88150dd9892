//! Many outputs of one source, on all processors, and in no more memory than some of them take.
//!
//! The outputs are fields of one object, and independent of each other. So processes evaluate the
//! source, each down to that object and then some of its fields, and end: no value has to be freed.
//! Where one of them fails or has something to say, all is evaluated here and in order, since an
//! error is the first one, and what is said is said once.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::evaluate::Output;
use crate::process::Process;
use crate::protocol::WorkRequest;
use crate::{Limits, Outputs, Request};

/// Processes at a time. Bazel counts an action as one processor.
const PROCESSES: usize = 4;
/// Outputs of one process: fewer are not worth its start, more are too much for its memory.
const PART: (usize, usize) = (128, 512);

/// All outputs of a request, in order; `None` where it is to be evaluated as a whole. `asked` is
/// the same request as the command line says it, and `program` is this one.
pub fn render(
    program: &Path,
    limits: Limits,
    asked: &WorkRequest,
    request: &Request,
) -> Option<Vec<Output>> {
    let Outputs::Keyed(outs) = &request.outputs else {
        return None;
    };
    if outs.len() < 2 * PART.0 {
        return None;
    }
    let processes = std::thread::available_parallelism().map_or(1, NonZero::get);
    let processes = processes.min(PROCESSES);
    let paths: Vec<&PathBuf> = outs.values().collect();
    // Some for each, so that they end at about the same time.
    let length = (paths.len() / (4 * processes)).clamp(PART.0, PART.1);
    let parts: Vec<_> = paths.chunks(length).collect();
    let next = AtomicUsize::new(0);
    let mut made = std::thread::scope(|scope| {
        let work = || {
            let mut made = Vec::new();
            while let number = next.fetch_add(1, Ordering::Relaxed)
                && let Some(paths) = parts.get(number)
            {
                let Some(texts) = part(program, limits, asked, number * length, paths.len()) else {
                    next.store(parts.len(), Ordering::Relaxed);
                    return None;
                };
                made.push((number, texts));
            }
            Some(made)
        };
        let threads: Vec<_> = (0..processes).map(|_| scope.spawn(work)).collect();
        let mut all = Vec::new();
        for thread in threads {
            all.extend(thread.join().ok()??);
        }
        Some(all)
    })?;
    made.sort_by_key(|(number, _)| *number);
    let texts = made.into_iter().flat_map(|(_, texts)| texts);
    Some(paths.into_iter().cloned().zip(texts).collect())
}

/// The texts of some outputs; `None` where there is more to say.
fn part(
    program: &Path,
    limits: Limits,
    asked: &WorkRequest,
    first: usize,
    length: usize,
) -> Option<Vec<String>> {
    let request = WorkRequest {
        arguments: asked.arguments.clone(),
        part: Some((first, first + length)),
        ..WorkRequest::default()
    };
    let answer = Process::start(program, limits).ok()?.ask(&request).ok()?;
    let all = answer.exit_code == 0 && answer.output.is_empty() && answer.texts.len() == length;
    all.then_some(answer.texts)
}
