//! Applies what was built, by the library that run targets are made of; and what came of it.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use tokio::sync::watch;

/// Reads the events of a run as they are told (`deploy-event.v1.json`).
#[derive(Clone, Debug, Default)]
pub struct Events(Arc<Mutex<Told>>);

#[derive(Debug, Default)]
struct Told {
    /// What there is of a line.
    rest: Vec<u8>,
    changed: BTreeSet<String>,
    waits: watch::Sender<bool>,
}

/// One event, as far as it is of interest.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Event {
    /// The API server has taken an object.
    Written { object: Object },
    /// Something is not ready.
    Status {},
    /// A group is.
    Ready {},
    /// Others.
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Object {
    group: String,
}

impl Events {
    /// The groups that have an object that was written.
    pub fn changed(&self) -> BTreeSet<String> {
        self.told(|told| told.changed.clone())
    }

    /// Ends when all is written and the rollout is waited for.
    pub async fn waiting(&self) {
        let mut waits = self.told(|told| told.waits.subscribe());
        // The sender is ours.
        let _ = waits.wait_for(|waits| *waits).await;
    }

    fn told<T>(&self, look: impl FnOnce(&mut Told) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Told {
    fn line(&mut self, line: &[u8]) {
        match serde_json::from_slice(line) {
            Ok(Event::Written { object }) => {
                self.changed.insert(object.group);
            }
            Ok(Event::Status {} | Event::Ready {}) => {
                self.waits.send_replace(true);
            }
            Ok(Event::Other) | Err(_) => {}
        }
    }
}

impl io::Write for Events {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.told(|told| {
            told.rest.extend_from_slice(data);
            while let Some(end) = told.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = told.rest.drain(..=end).collect();
                told.line(&line);
            }
        });
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[tokio::test]
    async fn what_was_written_and_that_it_is_waited_for() {
        let mut events = Events::default();
        let lines = r#"{"version":1,"seconds":0.1,"type":"planned","objects":{"change":1},"pushes":1}
{"version":1,"seconds":0.2,"type":"written","object":{"group":"demo/a/myns","kind":"Deployment"},"action":"change"}
{"version":1,"seconds":0.3,"type":"status","object":{"group":"demo/b/myns"},"ready":false}
"#;
        let (first, last) = lines.split_at(lines.len() - 20);
        events.write_all(first.as_bytes()).expect("written");
        let early = events.clone();
        let waits = tokio::spawn(async move { early.waiting().await });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        events.write_all(last.as_bytes()).expect("written");
        waits.await.expect("ends");
        assert_eq!(events.changed(), ["demo/a/myns".to_owned()].into());
    }
}
