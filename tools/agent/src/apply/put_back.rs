//! What is applied stays so while the head cannot be.

use std::time::Instant;

use windlass_pins::Commit;

use super::error::Error;
use super::status::{Failure, State, Why};
use super::turn::{Agent, Occasion};

impl Agent<'_> {
    /// Puts back what others have changed of what is applied, where a turn has come no further: the head has no
    /// release, is refused, or cannot be seen. Where applying it has begun, going back would undo that; where
    /// the repository says to pause, or may say so, nothing is done. How it stands does not change by this.
    pub(super) async fn put_back(&mut self, occasion: Occasion, seen: Option<&Commit>) {
        let Some(commit) = self.held(seen) else {
            return;
        };
        let drift = self.task.drift;
        let is_due = |last: Instant| last.elapsed() >= drift;
        if occasion == Occasion::Interval && !self.pace.applied.is_none_or(is_due) {
            return;
        }
        let before = self.status.clone();
        let retry = self.pace.retry.take();
        let done = self.apply_again(&commit).await;
        self.pace.applied = Some(Instant::now());
        self.pace.retry = retry;
        self.status.state = before.state;
        self.status.reason = before.reason;
        self.status.error = before.error;
        self.status.failures = before.failures;
        self.status.drift.error = done.err().map(|error| Failure::of(&error));
    }

    async fn apply_again(&mut self, commit: &Commit) -> Result<(), Error> {
        let stop = self.stop.clone();
        let releases = tokio::select! {
            releases = self.releases(commit) => releases?,
            () = stop.wait() => return Ok(()),
        };
        match releases {
            Some(releases) => self.apply(commit, Why::Drift, releases).await,
            None => Ok(()),
        }
    }

    /// The commit that is applied, if the head is another one, or was not seen, and nothing of it is begun.
    fn held(&self, seen: Option<&Commit>) -> Option<Commit> {
        let stands = [State::Waiting, State::Refused, State::Failed].contains(&self.status.state);
        let applied = &self.status.applied.as_ref()?.commit;
        let is_all = self.status.reached.as_ref() == Some(applied);
        let is_head = seen.is_some_and(|seen| seen.as_str() == applied);
        (stands && is_all && !is_head && self.status.paused.is_none())
            .then(|| applied.parse().ok())
            .flatten()
    }
}
