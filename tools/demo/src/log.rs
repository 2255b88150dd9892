//! Follows a log line by line.

use crate::{Error, Step};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use windlass_report::print;
use windlass_runfiles::Launcher;

/// Prints the log until each of `words` was in one of its lines, then ends the follower.
pub(crate) fn follow(
    step: &Step,
    launcher: &Launcher,
    words: &[String],
    patience: Duration,
) -> Result<(), Error> {
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
    let heard = await_words(&lines, words, patience);
    let _ = follower.kill();
    let _ = follower.wait();
    let label = step.label.clone();
    heard.map_err(|(why, missing)| match why {
        RecvTimeoutError::Timeout => Error::LogLate {
            label,
            missing,
            patience,
        },
        RecvTimeoutError::Disconnected => Error::LogEnded { label, missing },
    })
}

/// Waits for all words; else says why there are no more lines, and the first word that is missing.
fn await_words(
    lines: &mpsc::Receiver<String>,
    words: &[String],
    patience: Duration,
) -> Result<(), (RecvTimeoutError, String)> {
    let deadline = Instant::now() + patience;
    let mut missing: Vec<&String> = words.iter().collect();
    while let Some(first) = missing.first() {
        let left = deadline.saturating_duration_since(Instant::now());
        let line = lines
            .recv_timeout(left)
            .map_err(|why| (why, (*first).clone()))?;
        let _ = print(format!("{line}\n").as_bytes());
        missing.retain(|word| !line.contains(word.as_str()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(lines: &[&str], words: &[&str]) -> Result<(), (RecvTimeoutError, String)> {
        let (send, receive) = mpsc::channel();
        for line in lines {
            send.send((*line).to_owned())
                .expect("the receiver is there");
        }
        drop(send); // the log has ended
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        await_words(&receive, &words, Duration::from_mins(1))
    }

    #[test]
    fn every_word_has_to_come() {
        assert_eq!(heard(&["a 1", "b 2"], &["a", "b"]), Ok(()));
        let ended = (RecvTimeoutError::Disconnected, "b".to_owned());
        assert_eq!(heard(&["a 1"], &["a", "b"]), Err(ended));
    }
}
