//! One turn: look at the branch, decide, and bring its release to the cluster.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use windlass_api_client::Needs;
use windlass_attestation::TrustRoots;
use windlass_deploy::cli::Options;
use windlass_deploy::request::DeployRequest;
use windlass_deploy::session::{Connection, trust_roots};
use windlass_oci_registry::Client;
use windlass_pins::Commit;

use super::board::Board;
use super::bundle::{self, RUNFILES, unpack};
use super::carry::{Carried, carry_out};
use super::error::Error;
use super::find::{self, Finder};
use super::folder::Folder;
use super::mirror::{Descent, Mirror};
use super::status::{Failure, Release, ReleaseResult, State, Status, Turn, Why, now};
use super::stop::Stop;
use super::task::{Rewrites, Task};
use super::{pace, pause};
use crate::environment::Environment;

/// What an agent may take longer than it is told to, until somebody should look at it.
const GRACE: Duration = Duration::from_mins(5);

/// An agent that takes turns.
pub struct Agent<'a> {
    /// What it is told to do.
    pub task: &'a Task,
    /// The environment of the process.
    pub environment: &'a Environment,
    /// How it applies.
    pub options: Options,
    /// Who asks registries.
    pub registry: Client,
    /// The branch.
    pub mirror: Mirror,
    /// What is kept.
    pub folder: Folder,
    /// What is shown.
    pub board: Board,
    /// How it stands.
    pub status: Status,
    /// Whether it is to end.
    pub stop: Stop,
    /// What is not tried again at once.
    pub pace: Pace,
}

/// What has gone on in this process, by its own clock.
#[derive(Debug, Default)]
pub struct Pace {
    /// When all of a commit was last applied.
    pub(super) applied: Option<Instant>,
    /// How often in a row the branch could not be looked at.
    unseen: u32,
    /// What has failed last.
    pub(super) retry: Option<Retry>,
}

/// A commit that failed, and when it is tried again.
#[derive(Debug)]
pub(super) struct Retry {
    commit: Commit,
    failures: u32,
    at: Instant,
    state: State,
    failure: Failure,
}

/// Why a turn is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// It is time to look; there may be nothing to do.
    Interval,
    /// Somebody wants it done now.
    Asked,
}

/// What a look has found.
enum Found {
    /// Nothing to do.
    Nothing,
    /// A commit to apply.
    Commit(Commit, Why, Vec<Unpacked>),
}

/// A release that is ready to be applied.
pub(super) struct Unpacked {
    release: Release,
    request: DeployRequest,
    runfiles: PathBuf,
}

impl Agent<'_> {
    /// Takes a turn. However it ends, it is told.
    ///
    /// # Errors
    /// Why nothing, or not all, was applied. The next turn may mend it.
    pub async fn turn(&mut self, occasion: Occasion) -> Result<(), Error> {
        let mut seen = None;
        let stop = self.stop.clone();
        let found = tokio::select! {
            biased;
            found = self.look(occasion, &mut seen) => found,
            () = stop.wait() => Err(Error::Interrupted),
        };
        let done = match found {
            Ok(Found::Nothing) => Ok(()),
            Ok(Found::Commit(commit, why, releases)) => self.apply(&commit, why, releases).await,
            Err(error) => Err(error),
        };
        match &done {
            Ok(()) => self.board.count(|turns| turns.well += 1),
            Err(error) => {
                self.board.count(|turns| turns.failed += 1);
                self.note(error, seen.clone());
            }
        }
        self.put_back(occasion, seen.as_ref()).await;
        let told = self.tell(self.pause(1.0));
        done.and(told)
    }

    /// How long to wait for the next turn; `random` is from 0 to 1.
    pub fn pause(&self, random: f64) -> Duration {
        pace::pause(self.task.interval, self.pace.unseen, random)
    }

    /// Shows how it stands, to those who ask and in the file. There will be something new within a time.
    pub fn tell(&mut self, within: Duration) -> Result<(), Error> {
        self.status.time = now();
        self.board.show(&self.status, within + GRACE);
        self.folder.keep(&self.status)
    }

    /// Notes why nothing was applied. What has failed for a commit waits longer each time, and another
    /// commit does not wait for it.
    fn note(&mut self, error: &Error, seen: Option<Commit>) {
        self.status.fail(error);
        if matches!(error, Error::Interrupted) {
            return;
        }
        let Some(commit) = seen else {
            self.pace.unseen = self.pace.unseen.saturating_add(1);
            return;
        };
        let before = self
            .pace
            .retry
            .take()
            .filter(|retry| retry.commit == commit);
        let failures = before.map_or(1, |retry| retry.failures.saturating_add(1));
        let wait = pace::pause(self.task.interval, failures, rand::random());
        self.pace.retry = Some(Retry {
            commit,
            failures,
            at: Instant::now() + wait,
            state: self.status.state,
            failure: self
                .status
                .error
                .clone()
                .unwrap_or_else(|| Failure::of(error)),
        });
    }

    /// Looks what is to be done. Nothing is written to the cluster.
    async fn look(
        &mut self,
        occasion: Occasion,
        seen: &mut Option<Commit>,
    ) -> Result<Found, Error> {
        // What cannot be told of is not done.
        self.tell(self.task.git_timeout * 8)?;
        let head = self.mirror.fetch().await?;
        self.pace.unseen = 0;
        self.status.head = Some(head.to_string());
        *seen = Some(head.clone());
        self.check_descent(&head).await?;
        let paused = self.paused(&head).await;
        // What cannot be read may say so.
        self.status.paused = match &paused {
            Ok(reason) => reason.clone(),
            Err(error) => Some(error.to_string()),
        };
        if let Some(reason) = paused? {
            self.status.stand(State::Paused, Some(reason));
            return Ok(Found::Nothing);
        }
        let Some(why) = self.due(&head, occasion) else {
            return Ok(Found::Nothing);
        };
        let Some(releases) = self.releases(&head).await? else {
            return Ok(Found::Nothing);
        };
        Ok(Found::Commit(head, why, releases))
    }

    /// Refuses a branch that has lost what was applied, or says so.
    async fn check_descent(&self, head: &Commit) -> Result<(), Error> {
        let reached = self.status.reached.as_ref();
        let Some(from) = reached.and_then(|commit| commit.parse::<Commit>().ok()) else {
            return Ok(());
        };
        if from == *head || self.mirror.descent(&from, head).await? == Descent::From {
            return Ok(());
        }
        let error = Error::Rewritten {
            branch: self.task.branch.clone(),
            from,
            to: head.clone(),
        };
        match self.task.rewrites {
            Rewrites::Refused => Err(error),
            Rewrites::Taken => {
                windlass_report::say(&format!("note: {error}"));
                Ok(())
            }
        }
    }

    /// Why the repository wants nothing to be applied; `None` if it does not say so.
    async fn paused(&self, head: &Commit) -> Result<Option<String>, Error> {
        let path = &self.task.pause_file;
        let Some(text) = self.mirror.file(head, path).await? else {
            return Ok(None);
        };
        let reason = pause::reason(&text, &self.task.environment.name, &self.task.environments);
        reason.map_err(|source| Error::Pause {
            path: path.clone(),
            commit: head.clone(),
            source,
        })
    }

    /// Whether there is something to do for a commit, and how it stands if there is not.
    fn due(&mut self, head: &Commit, occasion: Occasion) -> Option<Why> {
        let applied = self.status.applied.as_ref();
        let is_applied = applied.is_some_and(|applied| applied.commit == head.as_str());
        let why = if is_applied { Why::Drift } else { Why::Commit };
        if occasion == Occasion::Asked {
            return Some(why);
        }
        if let Some(retry) = self
            .pace
            .retry
            .as_ref()
            .filter(|retry| retry.commit == *head)
        {
            if Instant::now() >= retry.at {
                return Some(why);
            }
            self.status.state = retry.state;
            self.status.reason = None;
            self.status.error = Some(retry.failure.clone());
            return None;
        }
        let last = self.pace.applied.filter(|_| why == Why::Drift);
        if last.is_none_or(|last| last.elapsed() >= self.task.drift) {
            return Some(why);
        }
        self.status.stand(State::Applied, None);
        None
    }

    /// The releases of a commit, if all are there, proven and of use.
    pub(super) async fn releases(&mut self, head: &Commit) -> Result<Option<Vec<Unpacked>>, Error> {
        let environment = &self.task.environment;
        let context = &environment.cluster;
        let deploy = &self.environment.deploy;
        let connection = Connection::open(context, &self.options, deploy, Needs::Requests);
        let ids = environment
            .cluster_id
            .iter()
            .chain(&self.options.cluster_id);
        let reached = connection.await.map_err(Box::new)?.reach(context, ids);
        let reached = reached.await.map_err(Box::new)?;
        let roots = trust_roots(&reached, &environment.name, "its releases");
        let roots = roots.await.map_err(Box::new)?;
        if environment.protected {
            self.check_signature(head, &roots).await?;
        }
        let finder = Finder {
            client: &self.registry,
            folder: &self.folder,
            roots: &roots,
            commit: head,
        };
        let mut found = Vec::new();
        for target in &self.task.targets {
            let Some(release) = finder.find(target).await? else {
                let label = &target.label;
                let reason = format!("for a release of {label} at commit {}", head.short());
                self.status.stand(State::Waiting, Some(reason));
                return Ok(None);
            };
            found.push(release);
        }
        // Of one that is of no use, none is applied.
        let folder = self.folder.empty()?;
        let unpacked = found.iter().enumerate().map(|(at, release)| {
            let own = folder.join(at.to_string());
            self.unpack(release, &own)
        });
        unpacked.collect::<Result<_, _>>().map(Some)
    }

    /// Refuses a commit that none of the committers has signed.
    async fn check_signature(&self, head: &Commit, roots: &TrustRoots) -> Result<(), Error> {
        let environment = self.task.environment.name.clone();
        if roots.committers().is_empty() {
            return Err(Error::NoCommitters {
                environment,
                context: self.task.environment.cluster.clone(),
            });
        }
        let object = self.mirror.object(head).await?;
        let signer = roots.signer(&object);
        signer.map(drop).map_err(|source| Error::Unsigned {
            environment,
            commit: head.clone(),
            source,
        })
    }

    fn unpack(&self, release: &find::Release, folder: &Path) -> Result<Unpacked, Error> {
        let broken = |source| find::broken(&release.image, source);
        std::fs::create_dir(folder).map_err(|source| Error::Write {
            path: folder.to_owned(),
            source,
        })?;
        unpack(&release.layer, &release.content, folder).map_err(broken)?;
        let request = bundle::read(folder, self.task, &release.target).map_err(broken)?;
        Ok(Unpacked {
            release: Release {
                target: release.target.clone(),
                image: release.image.to_string(),
                result: None,
                changes: Vec::new(),
                same: 0,
                error: None,
            },
            request,
            runfiles: folder.join(RUNFILES),
        })
    }

    /// Applies releases, one after the other: one that fails does not stop those that come after it.
    pub(super) async fn apply(
        &mut self,
        commit: &Commit,
        why: Why,
        releases: Vec<Unpacked>,
    ) -> Result<(), Error> {
        self.status.stand(State::Applying, None);
        self.status.reached = Some(commit.to_string());
        self.status.turn = Some(Turn {
            commit: commit.to_string(),
            why,
            started: now(),
            ended: None,
            releases: releases.iter().map(|one| one.release.clone()).collect(),
        });
        let within = (self.task.timeout + GRACE) * u32::try_from(releases.len()).unwrap_or(1);
        self.tell(within)?;
        let mut failed = None;
        for (at, unpacked) in releases.iter().enumerate() {
            let carried = carry_out(
                &unpacked.request,
                &unpacked.runfiles,
                &self.options,
                &self.environment.deploy,
                self.stop.wait(),
            );
            let error = self.record(at, why, carried.await);
            failed = failed.or(error);
            if self.stop.is_set() {
                break;
            }
            // Should this not work, the end of the turn says so.
            let _ = self.tell(within);
        }
        if let Some(turn) = &mut self.status.turn {
            turn.ended = Some(now());
        }
        if let Some(error) = failed {
            return Err(error);
        }
        self.status.arrive(commit);
        self.pace.applied = Some(Instant::now());
        self.pace.retry = None;
        self.folder.forget_all_but(commit)
    }

    /// Notes what came of one release; gives why it failed.
    fn record(&mut self, at: usize, why: Why, carried: Carried) -> Option<Error> {
        if why == Why::Drift && !carried.changes.is_empty() {
            let drift = &mut self.status.drift;
            let count = u64::try_from(carried.changes.len()).unwrap_or(u64::MAX);
            drift.objects = drift.objects.saturating_add(count);
            drift.time = Some(now());
            drift.changes.clone_from(&carried.changes);
        }
        let turn = self.status.turn.as_mut()?;
        let release = turn.releases.get_mut(at)?;
        release.result = Some(match (&carried.result, carried.changes.is_empty()) {
            (Err(_), _) => ReleaseResult::Failed,
            (Ok(()), false) => ReleaseResult::Changed,
            (Ok(()), true) => ReleaseResult::Unchanged,
        });
        release.changes = carried.changes;
        release.same = carried.same;
        let failure = carried.result.err()?;
        release.error = Some(Failure::of(&failure));
        Some(Error::Apply(Box::new(failure)))
    }
}
