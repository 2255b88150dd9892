//! The last lines of a log, in a status: as many as fit, and how many came before. Pure.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// How many bytes of a log a status holds at most.
pub const TAIL: usize = 32 * 1024;

/// How many bytes of a line are kept.
pub const LONGEST_LINE: usize = 4 * 1024;

/// The end of the log of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Log {
    /// The pod; empty before there is one.
    pub pod: String,
    /// How many of its lines came before the text.
    pub skipped: u64,
    /// Whole lines.
    pub text: String,
}

/// What is kept of a log while it grows.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    pod: String,
    skipped: u64,
    lines: VecDeque<String>,
    bytes: usize,
    /// What has come of the next line; no longer than one may be.
    rest: Vec<u8>,
}

impl Tail {
    /// Nothing yet of what a pod says.
    pub fn of(pod: &str) -> Self {
        Self {
            pod: pod.to_owned(),
            ..Self::default()
        }
    }

    /// Takes in what comes next.
    pub fn take(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (piece, is_whole) = match piece.split_last() {
                Some((b'\n', line)) => (line, true),
                _ => (piece, false),
            };
            let room = LONGEST_LINE - self.rest.len();
            self.rest.extend_from_slice(&piece[..piece.len().min(room)]);
            if is_whole {
                self.end_line();
            }
        }
    }

    /// Takes what there is of a last line that nothing ended for one.
    pub fn end(&mut self) {
        if !self.rest.is_empty() {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.rest);
        let line = String::from_utf8_lossy(&line).into_owned();
        self.bytes += line.len() + 1;
        self.lines.push_back(line);
        while self.bytes > TAIL {
            let Some(first) = self.lines.pop_front() else {
                break;
            };
            self.bytes -= first.len() + 1;
            self.skipped += 1;
        }
    }

    /// How many whole lines there were.
    pub fn count(&self) -> u64 {
        self.skipped + self.lines.len() as u64
    }

    /// As a status has it.
    pub fn log(&self) -> Log {
        let mut text = String::with_capacity(self.bytes);
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        Log {
            pod: self.pod.clone(),
            skipped: self.skipped,
            text,
        }
    }
}

/// How much of a log somebody has printed.
#[derive(Clone, Debug, Default)]
pub struct Printed {
    pod: String,
    lines: u64,
}

impl Printed {
    /// What is new in a log since the last call. Where lines have gone by meanwhile, it says how
    /// many.
    pub fn new_lines(&mut self, log: &Log) -> Vec<String> {
        if log.pod != self.pod {
            // Another pod, in the place of one that the cluster has taken away.
            *self = Self {
                pod: log.pod.clone(),
                lines: 0,
            };
        }
        let mut new = Vec::new();
        if let Some(missed) = log.skipped.checked_sub(self.lines).filter(|n| *n > 0) {
            new.push(format!("... {missed} lines left out"));
            self.lines = log.skipped;
        }
        for (at, line) in (log.skipped..).zip(log.text.lines()) {
            if at >= self.lines {
                new.push(line.to_owned());
                self.lines = at + 1;
            }
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(lines: &[&str]) -> Log {
        let mut tail = Tail::of("p");
        for line in lines {
            tail.take(line.as_bytes());
            tail.take(b"\n");
        }
        tail.log()
    }

    #[test]
    fn each_line_is_printed_once() {
        let mut printed = Printed::default();
        assert_eq!(printed.new_lines(&Log::default()), [""; 0]);
        assert_eq!(printed.new_lines(&tail(&["a"])), ["a"]);
        assert_eq!(printed.new_lines(&tail(&["a"])), [""; 0]);
        assert_eq!(printed.new_lines(&tail(&["a", "", "c"])), ["", "c"]);
        // A runner that was started again has read less so far.
        assert_eq!(printed.new_lines(&tail(&["a"])), [""; 0]);
        assert_eq!(printed.new_lines(&tail(&["a", "", "c", "d"])), ["d"]);
    }

    #[test]
    fn another_pod_begins_anew() {
        let mut printed = Printed::default();
        assert_eq!(printed.new_lines(&tail(&["a", "b"])), ["a", "b"]);
        let other = Log {
            pod: "q".to_owned(),
            ..tail(&["a"])
        };
        assert_eq!(printed.new_lines(&other), ["a"]);
    }

    #[test]
    fn a_long_log_keeps_its_end_and_says_what_is_missing() {
        let line = "x".repeat(1023);
        let log = tail(&[line.as_str(); 40]);
        assert_eq!((log.skipped, log.text.len()), (8, TAIL));
        let mut printed = Printed::default();
        assert_eq!(printed.new_lines(&tail(&["a", "b"])), ["a", "b"]);
        let new = printed.new_lines(&log);
        assert_eq!((new[0].as_str(), new.len()), ("... 6 lines left out", 33));
    }

    #[test]
    fn a_line_may_come_in_pieces() {
        let mut tail = Tail::of("p");
        tail.take(b"a\nb");
        assert_eq!(tail.log().text, "a\n");
        tail.take(b"c\n\nd");
        assert_eq!(tail.count(), 3);
        tail.end();
        tail.end();
        assert_eq!(tail.count(), 4);
        assert_eq!(tail.log().text, "a\nbc\n\nd\n");
    }

    #[test]
    fn no_line_is_too_long() {
        let log = tail(&[&"x".repeat(2 * TAIL)]);
        assert_eq!((log.skipped, log.text.len()), (0, LONGEST_LINE + 1));
    }
}
