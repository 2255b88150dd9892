//! Follows a log line by line.

use crate::{Error, Step};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use windlass_report::print;
use windlass_runfiles::Launcher;

/// How long a log is followed.
const LONGEST: Duration = Duration::from_mins(2);

/// Prints the log until each of `words` was in one of its lines, then ends the follower.
pub(crate) fn follow(step: &Step, launcher: &Launcher, words: &[String]) -> Result<(), Error> {
    let mut follower = step
        .command(launcher)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| step.unstarted(error))?;
    let (send, lines) = mpsc::channel();
    if let Some(stdout) = follower.stdout.take() {
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
    }
    let missing = await_words(&lines, words);
    let _ = follower.kill();
    let _ = follower.wait();
    match missing {
        None => Ok(()),
        Some(missing) => Err(Error::Log {
            label: step.label.clone(),
            missing,
            seconds: LONGEST.as_secs(),
        }),
    }
}

/// The first word that did not come, if any.
fn await_words(lines: &mpsc::Receiver<String>, words: &[String]) -> Option<String> {
    let deadline = Instant::now() + LONGEST;
    let mut missing: Vec<&String> = words.iter().collect();
    while !missing.is_empty() {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(line) = lines.recv_timeout(left) else {
            return missing.first().map(ToString::to_string);
        };
        let _ = print(format!("{line}\n").as_bytes());
        missing.retain(|word| !line.contains(word.as_str()));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(lines: &[&str], words: &[&str]) -> Option<String> {
        let (send, receive) = mpsc::channel();
        for line in lines {
            send.send((*line).to_owned())
                .expect("the receiver is there");
        }
        drop(send); // the log has ended
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        await_words(&receive, &words)
    }

    #[test]
    fn every_word_has_to_come() {
        assert_eq!(missing(&["a 1", "b 2"], &["a", "b"]), None);
        assert_eq!(missing(&["a 1"], &["a", "b"]), Some("b".to_owned()));
    }
}
