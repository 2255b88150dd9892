//! What a run will do, decided before it does anything.
//!
//! [`plan`] is pure and sync: desired objects and what was read of the cluster in, steps out.
//! Every write of a run is one of these steps.

use serde_json::Value;
use windlass_k8s_object::Key;

use crate::api_error::{ApiError, Conflict};
use crate::cluster::FIELD_MANAGER;
use crate::compare::{changed_fields, is_managed_by};
use crate::desired::{Desired, DesiredObject};
use crate::order::{Stage, is_kept};

/// What was read of one object.
#[derive(Clone, Debug)]
pub enum Live {
    /// It is not there.
    Missing,
    /// It is there.
    Found {
        /// The object.
        object: Value,
        /// What the server says that a write would make of it; `None` if it was not asked.
        dry_run: Option<Result<Value, ApiError>>,
    },
}

/// What was read of the cluster and the registries, in the order of the desired things.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// For each desired object.
    pub objects: Vec<Live>,
    /// For each desired image, whether its registry has it.
    pub images: Vec<Presence>,
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
    /// All as desired.
    Apply,
    /// All as desired, and none of it there before.
    Create,
    /// Nothing of it there.
    Delete,
}

/// What happens to one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is made.
    Create,
    /// Its fields are changed.
    Change {
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
    /// It is to be removed and is not there.
    Gone,
    /// It is to be removed and stays.
    Keep {
        /// Why.
        why: Kept,
    },
}

/// Why `delete` leaves an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Data or other people's objects would go with it.
    Kind,
    /// Somebody else made it.
    Foreign,
}

impl Action {
    /// Whether something is sent to the cluster.
    pub fn is_write(&self) -> bool {
        matches!(
            self,
            Self::Create | Self::Change { .. } | Self::Delete { .. }
        )
    }

    /// The action as one word, as the result document has it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change { .. } => "change",
            Self::Same => "same",
            Self::Delete { .. } => "delete",
            Self::Gone => "gone",
            Self::Keep { .. } => "keep",
        }
    }
}

/// What a run will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// For each desired object, in its order.
    pub actions: Vec<Action>,
    /// The images to push, as places among the desired ones.
    pub pushes: Vec<usize>,
}

/// Why there is no plan.
#[derive(Clone, Debug)]
pub enum PlanError {
    /// Objects exist that are to be created.
    Exists(Vec<Key>),
    /// Other managers own fields.
    Conflicts(Vec<(Key, Vec<Conflict>)>),
    /// The server refuses a write.
    Refused(Key, Box<ApiError>),
}

/// Decides what to do.
///
/// Linear in the number of objects. `seen` has the length and the order of `desired`.
pub fn plan(goal: Goal, desired: &Desired, seen: &Seen) -> Result<Plan, PlanError> {
    let pairs = || desired.objects.iter().zip(&seen.objects);
    if goal == Goal::Create {
        let there = pairs().filter(|(_, live)| matches!(live, Live::Found { .. }));
        let there: Vec<Key> = there
            .map(|(object, _)| object.object.key().clone())
            .collect();
        if !there.is_empty() {
            return Err(PlanError::Exists(there));
        }
    }
    if goal == Goal::Delete {
        let actions = pairs()
            .map(|(object, live)| removal(object, live))
            .collect();
        return Ok(Plan {
            actions,
            pushes: Vec::new(),
        });
    }
    let mut actions = Vec::new();
    let mut conflicts = Vec::new();
    for (object, live) in pairs() {
        match change(live) {
            Ok(action) => actions.push(action),
            Err(error) if !error.conflicts().is_empty() => {
                conflicts.push((object.object.key().clone(), error.conflicts()));
            }
            Err(error) => {
                return Err(PlanError::Refused(
                    object.object.key().clone(),
                    Box::new(error),
                ));
            }
        }
    }
    if !conflicts.is_empty() {
        return Err(PlanError::Conflicts(conflicts));
    }
    let absent = seen
        .images
        .iter()
        .enumerate()
        .filter(|(_, there)| **there == Presence::Absent);
    Ok(Plan {
        actions,
        pushes: absent.map(|(at, _)| at).collect(),
    })
}

fn change(live: &Live) -> Result<Action, ApiError> {
    match live {
        Live::Missing => Ok(Action::Create),
        Live::Found {
            object,
            dry_run: Some(result),
        } => {
            let fields = changed_fields(object, result.as_ref().map_err(Clone::clone)?);
            Ok(if fields.is_empty() {
                Action::Same
            } else {
                Action::Change { fields }
            })
        }
        Live::Found { dry_run: None, .. } => Ok(Action::Change { fields: Vec::new() }),
    }
}

fn removal(desired: &DesiredObject, live: &Live) -> Action {
    let Live::Found { object, .. } = live else {
        return Action::Gone;
    };
    if is_kept(&desired.object) {
        return Action::Keep { why: Kept::Kind };
    }
    if !is_managed_by(object, FIELD_MANAGER) {
        return Action::Keep { why: Kept::Foreign };
    }
    Action::Delete {
        uid: object["metadata"]["uid"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    }
}

impl Plan {
    /// Whether nothing is pushed and nothing is written.
    pub fn is_empty(&self) -> bool {
        self.pushes.is_empty() && !self.actions.iter().any(Action::is_write)
    }

    /// How many actions there are of one word.
    pub fn count(&self, word: &str) -> usize {
        self.actions
            .iter()
            .filter(|action| action.word() == word)
            .count()
    }

    /// How many actions write.
    pub fn writes(&self) -> usize {
        self.actions
            .iter()
            .filter(|action| action.is_write())
            .count()
    }

    /// The objects to write in one stage, in the order of the groups; deletes the other way.
    pub fn stage(&self, stage: Stage, desired: &Desired) -> Vec<usize> {
        let member = |at: &usize| Stage::of(&desired.objects[*at].object) == stage;
        let writes = |at: &usize| self.actions[*at].is_write();
        (0..self.actions.len())
            .filter(writes)
            .filter(member)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api_error::FieldProblem;
    use crate::desired::Group;
    use serde_json::json;
    use windlass_k8s_object::{Environment, Object, Ownership};

    fn object(kind: &str, name: &str) -> DesiredObject {
        let document = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
        DesiredObject {
            label: format!("//a:{name}"),
            group: 0,
            object: Object::from_document(document).expect("object"),
            images: Vec::new(),
        }
    }

    fn desired(objects: Vec<DesiredObject>) -> Desired {
        let group = Group {
            id: "g".into(),
            label: "//g".into(),
            name: "g".into(),
            deps: vec![],
        };
        Desired {
            environment: Environment::try_new("setup", "", Ownership::Shared, &[]).expect("setup"),
            groups: vec![group],
            objects,
            images: Vec::new(),
        }
    }

    fn found(manager: &str, data: &str, dry: Option<Result<&str, ApiError>>) -> Live {
        let object = |data: &str| {
            json!({"metadata": {"uid": "u1", "managedFields": [{"manager": manager}]},
                   "data": {"k": data}})
        };
        Live::Found {
            object: object(data),
            dry_run: dry.map(|dry| dry.map(object)),
        }
    }

    fn seen(objects: Vec<Live>) -> Seen {
        Seen {
            objects,
            images: Vec::new(),
        }
    }

    #[test]
    fn create_change_same() {
        let desired = desired(vec![
            object("Secret", "a"),
            object("Secret", "b"),
            object("Secret", "c"),
        ]);
        let seen = seen(vec![
            Live::Missing,
            found("windlass", "x", Some(Ok("y"))),
            found("windlass", "x", Some(Ok("x"))),
        ]);
        let plan = plan(Goal::Apply, &desired, &seen).expect("plan");
        let fields = vec!["data.k".to_owned()];
        assert_eq!(
            plan.actions,
            [Action::Create, Action::Change { fields }, Action::Same]
        );
        assert_eq!(plan.writes(), 2);
        assert!(!plan.is_empty());
    }

    #[test]
    fn a_second_run_has_an_empty_plan() {
        let desired = desired(vec![object("Secret", "a")]);
        let mut seen = seen(vec![found("windlass", "x", Some(Ok("x")))]);
        seen.images = vec![Presence::Present];
        assert!(plan(Goal::Apply, &desired, &seen).expect("plan").is_empty());
        seen.images = vec![Presence::Absent];
        assert_eq!(
            plan(Goal::Apply, &desired, &seen).expect("plan").pushes,
            [0]
        );
    }

    #[test]
    fn create_refuses_what_exists() {
        let desired = desired(vec![object("Secret", "a"), object("Secret", "b")]);
        let seen = seen(vec![Live::Missing, found("kubectl", "x", None)]);
        let error = plan(Goal::Create, &desired, &seen).expect_err("exists");
        assert!(matches!(error, PlanError::Exists(keys) if keys[0].name.as_str() == "b"));
    }

    #[test]
    fn all_conflicts_are_told_at_once() {
        let conflict = || {
            Some(Err(ApiError::Status {
                code: 409,
                reason: "Conflict".into(),
                message: "conflict".into(),
                fields: vec![FieldProblem {
                    reason: "FieldManagerConflict".into(),
                    field: ".data.k".into(),
                    message: "conflict with \"helm\"".into(),
                }],
                retry_after: 0,
            }))
        };
        let desired = desired(vec![object("Secret", "a"), object("Secret", "b")]);
        let seen = seen(vec![
            found("helm", "x", conflict()),
            found("helm", "x", conflict()),
        ]);
        let error = plan(Goal::Apply, &desired, &seen).expect_err("conflict");
        let PlanError::Conflicts(conflicts) = error else {
            panic!("got {error:?}")
        };
        assert_eq!(conflicts.len(), 2);
        assert_eq!(conflicts[0].1[0].manager, "helm");
    }

    #[test]
    fn delete_takes_only_what_is_ours() {
        let desired = desired(vec![
            object("Secret", "a"),
            object("Secret", "b"),
            object("Secret", "c"),
            object("Namespace", "d"),
        ]);
        let seen = seen(vec![
            Live::Missing,
            found("windlass", "x", None),
            found("kubectl", "x", None),
            found("windlass", "x", None),
        ]);
        let plan = plan(Goal::Delete, &desired, &seen).expect("plan");
        assert_eq!(
            plan.actions,
            [
                Action::Gone,
                Action::Delete {
                    uid: "u1".to_owned()
                },
                Action::Keep { why: Kept::Foreign },
                Action::Keep { why: Kept::Kind },
            ]
        );
        assert!(plan.pushes.is_empty());
    }

    #[test]
    fn stages_hold_writes_only() {
        let desired = desired(vec![
            object("Pod", "p"),
            object("Namespace", "n"),
            object("Secret", "s"),
        ]);
        let seen = seen(vec![
            Live::Missing,
            Live::Missing,
            found("windlass", "x", Some(Ok("x"))),
        ]);
        let plan = plan(Goal::Apply, &desired, &seen).expect("plan");
        assert_eq!(plan.stage(Stage::Foundation, &desired), [1]);
        assert_eq!(
            plan.stage(Stage::Prerequisite, &desired),
            Vec::<usize>::new()
        );
        assert_eq!(plan.stage(Stage::Workload, &desired), [0]);
    }
}
