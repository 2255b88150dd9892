//! Many outputs of one source, on all processors, and in no more memory than some of them take.
//!
//! The outputs are fields of one object, and independent of each other. So processes evaluate the
//! source, each down to that object and then some of its fields, and end: no value has to be freed.
//! Where one of them fails or has something to say, all is evaluated here and in order, since an
//! error is the first one, and what is said is said once.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::ScopedJoinHandle;

use crate::evaluate::Output;
use crate::limits::{Deadline, processors};
use crate::process::Process;
use crate::protocol::WorkRequest;
use crate::together::ordered;
use crate::{Cause, Limits, Outputs, Request};

/// Outputs that are worth the start of a process.
const LEAST: usize = 128;
/// Outputs of one process: more would be much memory, where each is an object of Kubernetes.
const MOST: usize = 384;

/// All outputs of a request; `None` where it is to be evaluated as a whole. `asked` is the same
/// request as the command line says it, and `program` is this one.
///
/// # Errors
/// No time is left.
pub fn render(
    program: &Path,
    limits: Limits,
    deadline: Deadline,
    asked: &WorkRequest,
    request: &Request,
) -> Result<Option<Vec<Output>>, Cause> {
    let Outputs::Keyed(outs) = &request.outputs else {
        return Ok(None);
    };
    if outs.len() < 2 * LEAST {
        return Ok(None);
    }
    let processes = processors();
    let parts = Parts(Mutex::new(split(outs.len(), processes)));
    let work = || {
        let mut made = Vec::new();
        while let Some(part) = parts.next() {
            match texts(program, limits, deadline, asked, &part) {
                Ok(Some(texts)) => made.push((part.start, texts)),
                Err(Cause::Memory { .. }) if part.len() > LEAST => parts.halve(&part),
                Err(cause) if cause.is_time() => {
                    parts.clear();
                    return Err(cause);
                }
                Ok(None) | Err(_) => {
                    parts.clear();
                    return Ok(None);
                }
            }
        }
        Ok(Some(made))
    };
    let ended: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..processes).map(|_| scope.spawn(work)).collect();
        let ended = threads.into_iter().map(ScopedJoinHandle::join);
        ended.map(|ended| ended.unwrap_or(Ok(None))).collect()
    });
    let mut made = BTreeMap::new();
    for of_thread in ended {
        let Some(texts) = of_thread? else {
            return Ok(None);
        };
        made.extend(texts);
    }
    let texts = made.into_values().flatten();
    let paths = ordered(outs, &request.sources).into_iter();
    let paths = paths.map(|(_, path)| path.clone());
    Ok(Some(paths.zip(texts).collect()))
}

/// Numbers of outputs that nobody makes yet.
struct Parts(Mutex<Vec<Range<usize>>>);

impl Parts {
    fn waiting(&self) -> MutexGuard<'_, Vec<Range<usize>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Range<usize>> {
        self.waiting().pop()
    }

    fn clear(&self) {
        self.waiting().clear();
    }

    fn halve(&self, part: &Range<usize>) {
        let middle = part.start.midpoint(part.end);
        self.waiting()
            .extend([middle..part.end, part.start..middle]);
    }
}

/// As few parts as may be, since each of them evaluates what the outputs have in common; as many
/// for each process, so that all end at about the same time. The last one is the first.
fn split(outputs: usize, processes: usize) -> Vec<Range<usize>> {
    let parts = processes * outputs.div_ceil(processes * MOST);
    let length = outputs.div_ceil(parts).max(LEAST);
    let starts = (0..outputs).step_by(length);
    let part = |start| start..outputs.min(start + length);
    starts.map(part).rev().collect()
}

/// The texts of some outputs; `None` where there is more to say.
fn texts(
    program: &Path,
    limits: Limits,
    deadline: Deadline,
    asked: &WorkRequest,
    part: &Range<usize>,
) -> Result<Option<Vec<String>>, Cause> {
    let request = WorkRequest {
        arguments: asked.arguments.clone(),
        part: Some((part.start, part.end)),
        ..WorkRequest::default()
    };
    let Ok(mut process) = Process::start(program, limits) else {
        return Ok(None);
    };
    let answer = process.ask(&request, deadline)?;
    let all = answer.exit_code == 0 && answer.traces.is_empty() && answer.texts.len() == part.len();
    Ok(all.then_some(answer.texts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;
    use windlass_error_cases::Folder;

    #[test]
    fn each_process_has_one_part_until_it_is_too_large() {
        assert_eq!(split(256, 4), [128..256, 0..128]);
        assert_eq!(split(701, 2), [351..701, 0..351]);
        assert_eq!(split(769, 2).len(), 4);
        for outputs in [256, 999, 5000, 10_000] {
            let mut next = 0;
            for part in split(outputs, 4).into_iter().rev() {
                assert_eq!(part.start, next);
                assert!(part.len() <= MOST, "{part:?}");
                next = part.end;
            }
            assert_eq!(next, outputs);
        }
    }

    #[test]
    fn parts_that_do_not_end_are_no_reason_to_begin_anew() {
        let folder = Folder::new();
        let program = folder.file("endless", "#!/bin/sh\nexec sleep 600\n");
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&program, mode).expect("may run");
        let outs = (0..2 * LEAST).map(|n| (n.to_string(), n.to_string().into()));
        let request = Request {
            label: String::new(),
            src: String::new(),
            sources: crate::Sources::default(),
            ext: BTreeMap::new(),
            tla: BTreeMap::new(),
            outputs: Outputs::Keyed(outs.collect()),
            form: crate::Form::default(),
        };
        let limits = Limits {
            seconds: 1,
            ..Limits::default()
        };
        let (asked, deadline) = (WorkRequest::default(), limits.deadline());
        let ended = render(Path::new(&program), limits, deadline, &asked, &request);
        assert!(ended.expect_err("has no time left").is_time());
        assert!(deadline.left().is_zero());
    }
}
