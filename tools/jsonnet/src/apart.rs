//! Many outputs of one value, on all processors, and in no more memory than some of them take.
//!
//! The outputs are fields of one object, and independent of each other. So this process evaluates
//! what they have in common, down to that object, and forks; each child makes some of them and
//! ends, and no value has to be freed. Where one of them fails or has something to say, all is to
//! be made here and in order, since an error is the first one, and what is said is said once.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::child::{Child, End};
use crate::limits::processors;

/// Outputs that are worth a process.
const LEAST: usize = 128;
/// Outputs of one process: more would be much memory, where each is an object of Kubernetes.
const MOST: usize = 384;

/// Whether so many outputs are worth more than one process.
pub fn are_many(outputs: usize) -> bool {
    outputs >= 2 * LEAST
}

/// The texts of all outputs; `None` where they are to be made here. `make` makes those of some, in
/// a process of its own; `None` is that it cannot, or that there is more to say.
pub fn texts(
    outputs: usize,
    make: impl Fn(Range<usize>) -> Option<Vec<String>>,
) -> Option<Vec<String>> {
    let processes = processors();
    let mut waiting = split(outputs, processes);
    let mut running: Vec<Child<Range<usize>>> = Vec::new();
    let mut texts = BTreeMap::new();
    loop {
        while running.len() < processes
            && let Some(part) = waiting.pop()
        {
            running.push(Child::start(part.clone(), || make(part)).ok()?);
        }
        if running.is_empty() {
            return Some(texts.into_values().flatten().collect());
        }
        for (part, end) in Child::wait(&mut running).ok()? {
            match end {
                End::Told(some) if some.len() == part.len() => {
                    texts.insert(part.start, some);
                }
                End::Bound if part.len() > LEAST => {
                    let middle = part.start.midpoint(part.end);
                    waiting.extend([middle..part.end, part.start..middle]);
                }
                _ => return None,
            }
        }
    }
}

/// As few parts as may be, since each of them evaluates what some outputs have in common; as many
/// for each process, so that all end at about the same time. The last one is the first.
fn split(outputs: usize, processes: usize) -> Vec<Range<usize>> {
    let parts = processes * outputs.div_ceil(processes * MOST);
    let length = outputs.div_ceil(parts).max(LEAST);
    let starts = (0..outputs).step_by(length);
    let part = |start| start..outputs.min(start + length);
    starts.map(part).rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(output: usize) -> String {
        format!("output {output}\n")
    }

    fn names(part: Range<usize>) -> Vec<String> {
        part.map(name).collect()
    }

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
    fn all_texts_are_in_order() {
        let all = texts(1000, |part| Some(names(part)));
        assert_eq!(all, Some(names(0..1000)));
    }

    #[test]
    fn a_part_that_has_more_to_say_is_the_end() {
        let all = texts(1000, |part| (part.start > 0).then(|| names(part)));
        assert_eq!(all, None);
    }

    #[test]
    fn a_part_that_ends_at_a_bound_is_halved() {
        let all = texts(700, |part| {
            if part.len() > 200 {
                std::process::abort();
            }
            Some(names(part))
        });
        assert_eq!(all.map(|all| all.len()), Some(700));
        assert_eq!(texts(700, |_| std::process::abort()), None);
    }
}
