//! What a run will do, decided before it does anything.
//!
//! [`plan`] is pure and sync: desired objects and what was read of the cluster in, steps out.
//! Every write of a run is one of these steps, or keeps the books of them: see [`Plan::records`].

mod removal;
mod steps;
#[cfg(test)]
mod tests;

use serde_json::Value;
use windlass_k8s_object::Key;

use crate::api_error::{ApiError, Conflict};
use crate::claim::{Owner, Sets, Takeover};
use crate::desired::Desired;
use crate::inventory::{Entry, Inventory};
use crate::order::Stage;

pub use removal::Prune;

/// What was read of one object.
#[derive(Clone, Debug)]
pub enum Live {
    /// It is not there.
    Missing,
    /// It is not there, and the server says that it would not make it.
    Unmakable(ApiError),
    /// It is there, and stands as its group's inventory says: nobody had to be asked. Trimmed to what
    /// tells how far it is.
    Recorded(Value),
    /// It is there, has fields that cannot be changed to what is desired, and may be made anew.
    Recreatable(Value),
    /// It is there.
    Found {
        /// The object.
        object: Value,
        /// What the server says that a write would make of it; `None` if it was not asked.
        dry_run: Option<Result<Value, ApiError>>,
    },
}

impl Live {
    /// The object, if it is there.
    pub fn object(&self) -> Option<&Value> {
        match self {
            Self::Found { object, .. } | Self::Recorded(object) | Self::Recreatable(object) => {
                Some(object)
            }
            Self::Missing | Self::Unmakable(_) => None,
        }
    }
}

/// What was read of the cluster and the registries, in the order of the desired things.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// For each desired object.
    pub objects: Vec<Live>,
    /// For each desired image, whether its registry has it.
    pub images: Vec<Presence>,
    /// For each group, what the cluster remembers of it; empty where nobody has looked.
    pub groups: Vec<Remembered>,
}

impl Seen {
    /// What the inventory of a group has of an object.
    pub fn entry(&self, group: usize, key: &Key) -> Option<&Entry> {
        self.groups.get(group)?.inventory.0.get(key)
    }
}

/// What the cluster remembers of one group.
#[derive(Clone, Debug, Default)]
pub struct Remembered {
    /// Its inventory.
    pub inventory: Inventory,
    /// The target that it was last written by.
    pub target: Option<String>,
    /// The uid of the object that holds it; `None` if there is none.
    pub uid: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Objects of the inventory that nobody describes any more.
    pub leftovers: Vec<Leftover>,
}

/// An object of an inventory that nobody describes any more.
#[derive(Clone, Debug)]
pub struct Leftover {
    /// Its name.
    pub key: Key,
    /// The object; `None` if it is not there.
    pub live: Option<Value>,
}

/// Whether a registry has an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It has.
    Present,
    /// It has not.
    Absent,
}

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// All as desired, and nothing left of what was desired before.
    Apply,
    /// All as desired, and none of it there before.
    Create,
    /// All as desired, and made anew.
    Replace,
    /// Nothing of it there.
    Delete,
}

/// What happens to one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is made.
    Create,
    /// It is made when another object of its name, which is being deleted, is gone.
    CreateAfter {
        /// The uid of the other one.
        uid: String,
    },
    /// It is removed and made anew.
    Replace {
        /// Its uid: no other object of this name is removed.
        uid: String,
    },
    /// Its fields are changed.
    Change {
        /// The fields, as paths.
        fields: Vec<String>,
    },
    /// It becomes ours, whoever owns its fields, and they are changed.
    Adopt {
        /// The fields, as paths.
        fields: Vec<String>,
    },
    /// It is as desired: nothing is sent.
    Same,
    /// It is removed.
    Delete {
        /// Its uid: no other object of this name is removed.
        uid: String,
    },
    /// It is to be removed and is not there, or not ours any more.
    Gone,
    /// It is to be removed and stays.
    Keep {
        /// Why.
        why: Kept,
    },
}

/// Why an object stays that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Data or other people's objects would go with it.
    Kind,
    /// Somebody else made it.
    Foreign,
}

impl Action {
    /// Whether the object is sent to the cluster.
    pub fn is_sent(&self) -> bool {
        matches!(
            self,
            Self::Create
                | Self::CreateAfter { .. }
                | Self::Replace { .. }
                | Self::Change { .. }
                | Self::Adopt { .. }
        )
    }

    /// The uid of what is deleted.
    pub fn deletes(&self) -> Option<&str> {
        match self {
            Self::Replace { uid } | Self::Delete { uid } => Some(uid),
            _ => None,
        }
    }

    /// The uid of what must be gone: what is deleted now, or is being deleted already.
    pub fn removes(&self) -> Option<&str> {
        match self {
            Self::CreateAfter { uid } => Some(uid),
            _ => self.deletes(),
        }
    }

    /// Whether anything is sent to the cluster.
    pub fn is_write(&self) -> bool {
        self.is_sent() || self.deletes().is_some()
    }

    /// The fields that change.
    pub fn fields(&self) -> &[String] {
        match self {
            Self::Change { fields } | Self::Adopt { fields } => fields,
            _ => &[],
        }
    }

    /// The action as one word, as the result document has it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Create | Self::CreateAfter { .. } => "create",
            Self::Replace { .. } => "replace",
            Self::Change { .. } => "change",
            Self::Adopt { .. } => "adopt",
            Self::Same => "same",
            Self::Delete { .. } => "delete",
            Self::Gone => "gone",
            Self::Keep { .. } => "keep",
        }
    }
}

/// What a run will do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// For each desired object, in its order.
    pub actions: Vec<Action>,
    /// The images to push, as places among the desired ones.
    pub pushes: Vec<usize>,
    /// The stateful sets that take their claims with them.
    pub claims: Vec<Claims>,
    /// What happens to objects that nobody describes any more.
    pub prunes: Vec<Prune>,
    /// The groups whose inventory has to be written, as places among the desired ones.
    pub records: Vec<usize>,
}

/// The claims that go with a stateful set, because the set that is there says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The set, as a place among the desired objects.
    pub set: usize,
    /// The names of the claims; empty until somebody has looked.
    pub names: Vec<String>,
}

/// Why there is no plan.
#[derive(Clone, Debug)]
pub enum PlanError {
    /// Objects exist that are to be created.
    Exists(Vec<Key>),
    /// Objects are to be changed or replaced that are somebody else's.
    Foreign(Vec<(Key, Owner)>),
    /// Stateful sets are to be replaced that would take claims with them which are to stay.
    Claims(Vec<Key>),
    /// Other managers own fields.
    Conflicts(Vec<(Key, Vec<Conflict>)>),
    /// Fields are to be changed that cannot be.
    Immutable(Key, Box<ApiError>),
    /// The server refuses to do this with an object: `change`, `make`, `replace`.
    Refused(Key, &'static str, Box<ApiError>),
}

/// Decides what to do.
///
/// Linear in the number of objects, but for look-ups in sorted maps. `seen` has the length and the
/// order of `desired`.
pub fn plan(
    goal: Goal,
    takeover: Takeover,
    desired: &Desired,
    seen: &Seen,
) -> Result<Plan, PlanError> {
    let run = steps::Run {
        goal,
        takeover,
        desired,
        seen,
        sets: Sets::of(desired),
    };
    let actions = run.actions()?;
    let claims = run.claims_that_go(&actions)?;
    let prunes = removal::prunes(goal, desired, seen);
    let strange = removal::others(desired, seen, &prunes);
    if takeover == Takeover::Refuse && !strange.is_empty() {
        return Err(PlanError::Foreign(strange));
    }
    let records = removal::records(desired, seen, &actions, &prunes);
    let absent = seen
        .images
        .iter()
        .enumerate()
        .filter(|(_, there)| goal != Goal::Delete && **there == Presence::Absent);
    Ok(Plan {
        actions,
        pushes: absent.map(|(at, _)| at).collect(),
        claims,
        prunes,
        records,
    })
}

/// Whether an object is being deleted: it will be gone when its finalizers are.
pub fn is_going(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}

/// Whether an object goes when the one with that uid does.
pub fn is_owned_by(object: &Value, uid: &str) -> bool {
    let owners = object["metadata"]["ownerReferences"].as_array();
    owners
        .into_iter()
        .flatten()
        .any(|owner| owner["uid"] == uid)
}

/// Whether a stateful set takes its claims with it. Without a word it does not.
fn deletes_claims(set: &Value) -> bool {
    set["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Delete"
}

fn uid_of(object: &Value) -> String {
    let uid = object["metadata"]["uid"].as_str();
    uid.unwrap_or_default().to_owned()
}

impl Plan {
    /// Whether nothing is pushed and nothing is written.
    pub fn is_empty(&self) -> bool {
        self.pushes.is_empty() && !self.writes()
    }

    /// Whether anything is written to the cluster.
    pub fn writes(&self) -> bool {
        !self.records.is_empty() || self.all().any(Action::is_write)
    }

    /// What happens to desired objects, and to those that are left over.
    fn all(&self) -> impl Iterator<Item = &Action> {
        let left = self.prunes.iter().map(|prune| &prune.action);
        self.actions.iter().chain(left)
    }

    /// How many actions on desired objects there are of one word.
    pub fn count(&self, word: &str) -> usize {
        let of_it = |action: &&Action| action.word() == word;
        self.actions.iter().filter(of_it).count()
    }

    /// How many objects are pruned.
    pub fn pruned(&self) -> usize {
        let deletes = |prune: &&Prune| prune.action.deletes().is_some();
        self.prunes.iter().filter(deletes).count()
    }

    /// How many actions send an object.
    pub fn sent(&self) -> usize {
        self.actions
            .iter()
            .filter(|action| action.is_sent())
            .count()
    }

    /// How many actions delete one.
    pub fn deleted(&self) -> usize {
        let deletes = |action: &&Action| action.deletes().is_some();
        self.all().filter(deletes).count()
    }

    /// Whether something must be gone before anything is sent.
    pub fn removes_first(&self) -> bool {
        let removes = |action: &Action| action.is_sent() && action.removes().is_some();
        self.actions.iter().any(removes)
    }

    /// The objects of one stage whose action `holds`, in the order of the groups; deletes go the
    /// other way.
    pub fn stage(
        &self,
        stage: Stage,
        desired: &Desired,
        holds: impl Fn(&Action) -> bool,
    ) -> Vec<usize> {
        let member = |at: &usize| Stage::of(&desired.objects[*at].object) == stage;
        (0..self.actions.len())
            .filter(|at| holds(&self.actions[*at]))
            .filter(member)
            .collect()
    }
}
