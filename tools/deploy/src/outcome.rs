//! The result document of a run: `--output=json` prints it on stdout, whether the run went well
//! or not. Stable: fields are added, never renamed or removed without a new `version`.
//! `docs/schemas/deploy-result.v1.json` is made from these types.

use schemars::JsonSchema;
use serde::Serialize;

use windlass_k8s_object::Key;
use windlass_report::Explain;

use crate::cli::Options;
use crate::desired::{Desired, DesiredObject};
use crate::diff::{FieldDiff, ObjectDiff};
use crate::error::Failure;
use crate::inspect::Standing;
use crate::journal::{Progressed, State};
use crate::plan::Action;
use crate::request::{DeployRequest, Verb};
use crate::session::Place;

/// The version of the document.
pub const VERSION: u32 = 1;

/// What a run did.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "deploy-result.v1")]
pub struct Outcome {
    /// The version of the document.
    #[schemars(extend("const" = VERSION))]
    pub version: u32,
    /// `apply`, `create`, `replace`, `delete`, `diff`, `status`, `push` or `orphans`.
    pub verb: &'static str,
    /// The target: `//services/client:myns-deep`.
    pub target: String,
    /// The environment's name.
    pub environment: String,
    /// The environment's namespace; empty for setup.
    pub namespace: String,
    /// The cluster; `null` if the run did not come so far.
    pub cluster: Option<ClusterOutcome>,
    /// How it ended.
    pub result: RunResult,
    /// The exit status of the process.
    pub exit: u8,
    /// The error as stderr shows it; `null` if all went well.
    pub error: Option<String>,
    /// The objects, in the order of the request; empty if there was no plan.
    pub objects: Vec<ObjectOutcome>,
    /// What was left over of earlier runs, by group.
    pub pruned: Vec<PrunedOutcome>,
    /// The images to push, in the order of the request.
    pub images: Vec<ImageOutcome>,
    /// The groups, in dependency order.
    pub groups: Vec<GroupOutcome>,
    /// How long the run took.
    pub seconds: f64,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RunResult {
    /// Something was written, and all went well.
    Changed,
    /// There was nothing to write.
    Unchanged,
    /// `diff` and `--dry-run`: nothing was written, whatever the plan holds.
    Planned,
    /// It did not go well.
    Failed,
}

/// The cluster of a run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterOutcome {
    /// The kubeconfig context.
    pub context: String,
    /// The uid of `kube-system`; `null` if we may not read it.
    pub id: Option<String>,
    /// Host and port of the API server.
    pub server: String,
}

/// Which object it is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectName {
    /// Its target.
    pub label: String,
    /// The id of its group.
    pub group: String,
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// Its namespace; `null` for kinds that are in none.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// One object of a run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectOutcome {
    /// Which it is.
    #[serde(flatten)]
    pub object: ObjectName,
    /// `create`, `replace`, `change`, `adopt` (it was somebody else's), `same`, `delete`, `gone` (was
    /// to be deleted and is not there) or `keep` (was to be deleted and stays); `look` for `status`.
    pub action: &'static str,
    /// The fields that change.
    pub fields: Vec<String>,
    /// Whether the action was carried out; `true` where there was nothing to do.
    pub done: bool,
    /// Whether it is ready; `null` if nobody looked.
    pub ready: Option<bool>,
    /// For `diff`: the fields that would change, with their values. Those of Secrets are masked.
    pub changes: Vec<FieldDiff>,
    /// For `status`: how it stands.
    pub status: Option<Standing>,
}

/// One object that no target describes any more.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrunedOutcome {
    /// The id of its group.
    pub group: String,
    /// The group of its kind; empty for the core group.
    pub api_group: String,
    /// `kind`.
    pub kind: String,
    /// Its namespace; `null` for kinds that are in none.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// `delete`, `keep` (data or other objects would go with it) or `gone` (it is forgotten).
    pub action: &'static str,
    /// Whether the action was carried out; `true` where there was nothing to do.
    pub done: bool,
}

/// One image of a run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImageOutcome {
    /// Its target.
    pub label: String,
    /// Its reference with digest.
    pub reference: String,
    /// `push` or `same`.
    pub action: &'static str,
    /// Whether the registry has it.
    pub done: bool,
    /// Blobs that were sent.
    pub uploaded_blobs: usize,
    /// Bytes that were sent.
    pub uploaded_bytes: u64,
    /// Bytes that did not have to be.
    pub skipped_bytes: u64,
}

/// One group of a run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupOutcome {
    /// Its id.
    pub id: String,
    /// After how many seconds it was ready; `null` if it is not, or nobody looked.
    pub ready_after: Option<f64>,
}

impl Outcome {
    /// Makes the document of a run that ended.
    pub fn new(
        request: &DeployRequest,
        state: &State,
        options: &Options,
        seconds: f64,
        failure: Option<&Failure>,
    ) -> Self {
        let lists = request.verb == Verb::Orphans && !options.delete;
        let dry_run = options.dry_run() || request.verb == Verb::Diff || lists;
        let changed = state.plan.as_ref().is_some_and(|plan| !plan.is_empty());
        let result = match (failure, dry_run, changed) {
            (Some(_), _, _) => RunResult::Failed,
            (None, true, _) => RunResult::Planned,
            (None, false, true) => RunResult::Changed,
            (None, false, false) => RunResult::Unchanged,
        };
        let cluster = state.place.as_ref().map(ClusterOutcome::from);
        Self {
            version: VERSION,
            verb: request.verb.as_str(),
            target: request.target.clone(),
            environment: request.environment.name.clone(),
            namespace: request.environment.namespace.clone(),
            cluster,
            result,
            exit: failure.map_or(0, |failure| failure.exit() as u8),
            error: failure.map(|failure| windlass_report::render(failure)),
            objects: objects(state),
            pruned: pruned(state),
            images: images(state),
            groups: groups(state),
            seconds: (seconds * 1000.0).round() / 1000.0,
        }
    }
}

impl ObjectName {
    /// The name of a desired object.
    pub fn of(desired: &Desired, wanted: &DesiredObject) -> Self {
        let object = &wanted.object;
        let key = object.key();
        let namespace = key.namespace.as_ref();
        Self {
            label: wanted.label.clone(),
            group: desired.groups[wanted.group].id.clone(),
            api_version: object.api_version().as_str().to_owned(),
            kind: key.kind.as_str().to_owned(),
            namespace: namespace.map(|namespace| namespace.as_str().to_owned()),
            name: key.name.as_str().to_owned(),
        }
    }
}

impl PrunedOutcome {
    /// What became of one object that is left over.
    pub fn of(state: &State, at: usize) -> Option<Self> {
        let prune = state.plan.as_ref()?.prunes.get(at)?;
        let group = state.desired.as_ref()?.groups.get(prune.group)?;
        let Key {
            group: api_group,
            kind,
            namespace,
            name,
        } = &prune.key;
        let is_done = state.prunes.get(at) == Some(&Progressed::Done);
        Some(Self {
            group: group.id.clone(),
            api_group: api_group.clone(),
            kind: kind.as_str().to_owned(),
            namespace: namespace.as_ref().map(|one| one.as_str().to_owned()),
            name: name.as_str().to_owned(),
            action: prune.action.word(),
            done: is_done || !prune.action.is_write(),
        })
    }
}

fn pruned(state: &State) -> Vec<PrunedOutcome> {
    let prunes = state.plan.as_ref().map_or(0, |plan| plan.prunes.len());
    (0..prunes)
        .filter_map(|at| PrunedOutcome::of(state, at))
        .collect()
}

fn objects(state: &State) -> Vec<ObjectOutcome> {
    let Some(desired) = &state.desired else {
        return Vec::new();
    };
    let objects = desired.objects.iter().enumerate();
    objects
        .map(|(at, object)| one_object(state, desired, at, object))
        .collect()
}

fn one_object(
    state: &State,
    desired: &Desired,
    at: usize,
    wanted: &DesiredObject,
) -> ObjectOutcome {
    let action = state.plan.as_ref().and_then(|plan| plan.actions.get(at));
    let status = state.standings.get(at).cloned();
    let diff = state.diffs.iter().find(|diff| diff.object == at);
    let is_done = |all: &[Progressed]| all.get(at) == Some(&Progressed::Done);
    let is_open = |action: &Action| {
        action.is_sent() && !is_done(&state.writes)
            || action.deletes().is_some() && !is_done(&state.deletions)
    };
    ObjectOutcome {
        object: ObjectName::of(desired, wanted),
        action: action.map_or("look", Action::word),
        fields: action.map_or_else(Vec::new, |action| action.fields().to_vec()),
        done: !action.is_some_and(is_open),
        ready: match &status {
            Some(standing) => Some(standing.is_ready()),
            None => state.statuses.get(at).map(crate::wait::Status::is_current),
        },
        changes: diff.map(ObjectDiff::fields).unwrap_or_default(),
        status,
    }
}

fn images(state: &State) -> Vec<ImageOutcome> {
    let count = state
        .desired
        .as_ref()
        .map_or(0, |desired| desired.images.len());
    (0..count)
        .filter_map(|at| ImageOutcome::of(state, at))
        .collect()
}

impl ImageOutcome {
    /// How far an image of the plan is, by its place; `None` if there is no plan.
    pub fn of(state: &State, at: usize) -> Option<Self> {
        let image = &state.desired.as_ref()?.images[at];
        let to_push = state.plan.as_ref()?.pushes.contains(&at);
        let pushed = state.pushes.get(at).and_then(Option::as_ref);
        Some(Self {
            label: image.push.label.clone(),
            reference: image.reference.to_string(),
            action: if to_push { "push" } else { "same" },
            done: !to_push || pushed.is_some(),
            uploaded_blobs: pushed.map_or(0, |pushed| pushed.uploaded_blobs),
            uploaded_bytes: pushed.map_or(0, |pushed| pushed.uploaded_bytes),
            skipped_bytes: pushed.map_or(0, |pushed| pushed.skipped_bytes),
        })
    }
}

impl From<&Place> for ClusterOutcome {
    fn from(place: &Place) -> Self {
        Self {
            context: place.context.clone(),
            id: place.id.clone(),
            server: place.server.clone(),
        }
    }
}

fn groups(state: &State) -> Vec<GroupOutcome> {
    let Some(desired) = &state.desired else {
        return Vec::new();
    };
    let ready_after = |at: usize| state.ready_after.get(at).copied().flatten();
    let one = |(at, group): (usize, &crate::desired::Group)| GroupOutcome {
        id: group.id.clone(),
        ready_after: ready_after(at).map(|after| (after * 1000.0).round() / 1000.0),
    };
    desired.groups.iter().enumerate().map(one).collect()
}
