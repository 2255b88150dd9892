//! How an agent stands, as one document: its status file, and what it answers under `/status`.
//! `docs/schemas/agent-status.v1.json` is made from these types. Stable: fields and words are added,
//! never renamed or removed without a new `version`.

use std::fmt::Write as _;

use jiff::Timestamp;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use windlass_pins::Commit;
use windlass_report::{Explain, render};

use super::Error;
use super::task::Task;

/// The version of the document.
pub const VERSION: u32 = 1;

/// How an agent stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "agent-status.v1")]
pub struct Status {
    /// The version of the document.
    #[schemars(extend("const" = VERSION))]
    pub version: u32,
    /// The environment.
    pub environment: String,
    /// The branch that is followed.
    pub branch: String,
    /// How it stands.
    pub state: State,
    /// Why it is paused, or what it waits for; `null` otherwise.
    pub reason: Option<String>,
    /// Why it refuses, or has failed; `null` otherwise.
    pub error: Option<Failure>,
    /// Why nothing is to be applied, as the repository said when it was last seen; `null` if it did not.
    #[serde(default)]
    pub paused: Option<String>,
    /// How often in a row.
    pub failures: u32,
    /// The newest commit of the branch that was seen; `null` before the first look.
    pub head: Option<String>,
    /// The newest commit of which all was applied.
    pub applied: Option<Applied>,
    /// The newest commit of which applying was begun: what comes later must come from it.
    pub reached: Option<String>,
    /// What is being done, or was done last.
    pub turn: Option<Turn>,
    /// The last turn that nobody ended: the agent was killed in it.
    pub cut_off: Option<Turn>,
    /// What was found changed and put back.
    pub drift: Drift,
    /// When this was written, in UTC.
    pub time: String,
}

/// How an agent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// It has not looked yet.
    Started,
    /// The head of the branch is applied.
    Applied,
    /// It is being applied.
    Applying,
    /// It has no release yet.
    Waiting,
    /// The repository says that nothing is to be applied.
    Paused,
    /// It is not applied, because something does not hold of it.
    Refused,
    /// It could not be applied, or not be looked for.
    Failed,
}

impl State {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::Started,
        Self::Applied,
        Self::Applying,
        Self::Waiting,
        Self::Paused,
        Self::Refused,
        Self::Failed,
    ];

    /// The state as documents and metrics have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Applied => "applied",
            Self::Applying => "applying",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Why something does not go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The error as stderr shows it: with causes, evidence and hint.
    pub text: String,
    /// The exit code that `--once` ends with.
    pub exit: u8,
    /// When it was.
    pub time: String,
}

impl Failure {
    /// That of an error.
    pub fn of(error: &dyn Explain) -> Self {
        Self {
            text: render(error),
            exit: error.exit() as u8,
            time: now(),
        }
    }
}

/// A commit of which all was applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Applied {
    /// The commit.
    pub commit: String,
    /// When it was first applied whole.
    pub since: String,
    /// When it was last looked at whether it still is, and put back where it was not.
    pub checked: String,
}

/// One turn that had something to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Turn {
    /// The commit.
    pub commit: String,
    /// Why it was taken.
    pub why: Why,
    /// When it began.
    pub started: String,
    /// When it ended; `null` while it goes on.
    pub ended: Option<String>,
    /// What became of each target.
    pub releases: Vec<Release>,
}

/// Why a turn was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    /// The commit is new.
    Commit,
    /// The commit is applied, and somebody may have changed something since.
    Drift,
}

/// What became of one target in a turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// The target.
    pub target: String,
    /// The image of its bundle: what was applied, byte for byte.
    pub image: String,
    /// How it ended; `null` if its turn has not come.
    pub result: Option<ReleaseResult>,
    /// The objects that were written or deleted: `change Deployment prod/client: spec.replicas`.
    pub changes: Vec<String>,
    /// How many objects were as they should be.
    pub same: usize,
    /// Why it is not as it should be; `null` if all went well.
    pub error: Option<Failure>,
}

/// How applying one target ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ReleaseResult {
    /// Something was written, and all went well.
    Changed,
    /// There was nothing to write.
    Unchanged,
    /// It did not go well.
    Failed,
}

/// What was found changed and put back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// How many objects, since the status file was begun.
    pub objects: u64,
    /// When there was something last.
    pub time: Option<String>,
    /// What it was then, as `changes` of a release.
    pub changes: Vec<String>,
    /// Why what is applied could not be put back when the head could not be applied either; `null` if it could.
    #[serde(default)]
    pub error: Option<Failure>,
}

impl Status {
    /// That of an agent that has not looked yet.
    pub fn new(task: &Task) -> Self {
        Self {
            version: VERSION,
            environment: task.environment.name.clone(),
            branch: task.branch.clone(),
            state: State::Started,
            reason: None,
            error: None,
            paused: None,
            failures: 0,
            head: None,
            applied: None,
            reached: None,
            turn: None,
            cut_off: None,
            drift: Drift::default(),
            time: now(),
        }
    }

    /// The same, as one that was killed has left it. A turn that nobody ended is told as such.
    #[must_use]
    pub fn resumed(mut self, task: &Task) -> Self {
        if let Some(turn) = self.turn.take_if(|turn| turn.ended.is_none()) {
            self.cut_off = Some(turn);
        }
        Self {
            environment: task.environment.name.clone(),
            branch: task.branch.clone(),
            state: State::Started,
            reason: None,
            error: None,
            ..self
        }
    }

    /// Notes why nothing was applied.
    pub fn fail(&mut self, error: &Error) {
        self.state = if error.is_refusal() {
            State::Refused
        } else {
            State::Failed
        };
        self.reason = None;
        self.error = Some(Failure::of(error));
        self.failures = self.failures.saturating_add(1);
    }

    /// Notes how it stands, where nothing is wrong.
    pub fn stand(&mut self, state: State, reason: Option<String>) {
        self.state = state;
        self.reason = reason;
        self.error = None;
        self.failures = 0;
    }

    /// Notes that all of the turn's commit is applied.
    pub fn arrive(&mut self, commit: &Commit) {
        let time = now();
        let since = self.applied.take_if(|was| was.commit == commit.as_str());
        self.applied = Some(Applied {
            commit: commit.to_string(),
            since: since.map_or_else(|| time.clone(), |was| was.since),
            checked: time,
        });
        self.drift.error = None;
        self.stand(State::Applied, None);
    }

    /// The same, of each failure the first line alone: causes and evidence may be what a pod has logged.
    #[must_use]
    pub fn in_short(mut self) -> Self {
        let turns = self.turn.iter_mut().chain(&mut self.cut_off);
        let releases = turns.flat_map(|turn| &mut turn.releases);
        let failures = releases.filter_map(|release| release.error.as_mut());
        for failure in failures.chain(&mut self.error).chain(&mut self.drift.error) {
            let first = failure.text.lines().next().unwrap_or_default();
            failure.text = format!("{first}\n");
        }
        self
    }

    /// One line for people.
    pub fn line(&self) -> String {
        let (name, branch) = (&self.environment, &self.branch);
        let head = self.head.as_deref().map_or("nothing seen", short);
        let mut line = format!("{name} {branch} {head}: {}", self.state.word());
        if let Some(turn) = self.turn.as_ref().filter(|_| self.state == State::Applied) {
            let changed: usize = turn.releases.iter().map(|one| one.changes.len()).sum();
            let same: usize = turn.releases.iter().map(|one| one.same).sum();
            let _ = write!(line, ", {changed} changed, {same} same");
        }
        if let Some(reason) = &self.reason {
            let _ = write!(line, ", {reason}");
        }
        if let Some(failure) = &self.drift.error {
            let _ = write!(
                line,
                "; what is applied could not be kept\n{}",
                failure.text.trim_end()
            );
        }
        line
    }
}

/// The first digits of a commit's hash.
fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

/// This moment, in UTC, to the second.
pub fn now() -> String {
    let now = Timestamp::now().as_second();
    Timestamp::from_second(now).map_or_else(|_| String::new(), |now| now.to_string())
}

/// The schema of the document.
pub fn schema() -> Schema {
    // As it is written, not as it would be read: what is always there is required.
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Status>()
}
