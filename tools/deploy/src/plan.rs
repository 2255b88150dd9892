//! What a run will do, decided before it does anything.
//!
//! [`plan`] is pure and sync: desired objects and what was read of the cluster in, steps out.
//! Every write of a run is one of these steps.

use serde_json::Value;
use windlass_k8s_object::{Key, Namespace};

use crate::api_error::{ApiError, Conflict};
use crate::cluster::FIELD_MANAGER;
use crate::compare::{changed_fields, is_managed_by, managers_of};
use crate::desired::{Desired, DesiredObject};
use crate::order::{Stage, is_kept};

/// What was read of one object.
#[derive(Clone, Debug)]
pub enum Live {
    /// It is not there.
    Missing,
    /// It is not there, and the server says that it would not make it.
    Unmakable(ApiError),
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
            Self::Found { object, .. } => Some(object),
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
    /// Whether the object is sent to the cluster.
    pub fn is_sent(&self) -> bool {
        matches!(
            self,
            Self::Create | Self::CreateAfter { .. } | Self::Replace { .. } | Self::Change { .. }
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

    /// The action as one word, as the result document has it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Create | Self::CreateAfter { .. } => "create",
            Self::Replace { .. } => "replace",
            Self::Change { .. } => "change",
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
    /// Objects are to be replaced that we did not make; each with the managers of its fields.
    Foreign(Vec<(Key, Vec<String>)>),
    /// Stateful sets are to be replaced that would take claims with them which are to stay.
    Claims(Vec<Key>),
    /// Other managers own fields.
    Conflicts(Vec<(Key, Vec<Conflict>)>),
    /// The server refuses to do this with an object: `change`, `make`, `replace`.
    Refused(Key, &'static str, Box<ApiError>),
}

/// Decides what to do.
///
/// Linear in the number of objects. `seen` has the length and the order of `desired`.
pub fn plan(goal: Goal, desired: &Desired, seen: &Seen) -> Result<Plan, PlanError> {
    let pairs = || desired.objects.iter().zip(&seen.objects);
    let actions = match goal {
        Goal::Delete => pairs()
            .map(|(object, live)| removal(object, live))
            .collect(),
        Goal::Create => {
            none_there(pairs())?;
            steps(goal, pairs())?
        }
        Goal::Replace => {
            all_ours(pairs())?;
            no_claim_lost(pairs())?;
            steps(goal, pairs())?
        }
        Goal::Apply => steps(goal, pairs())?,
    };
    let removed = pairs().zip(&actions).enumerate();
    let removed = removed.filter(|(_, (_, action))| action.removes().is_some());
    let claims = removed.filter(|(_, ((desired, live), _))| {
        is_set(desired) && live.object().is_some_and(deletes_claims)
    });
    let claims = claims.map(|(set, _)| Claims {
        set,
        names: Vec::new(),
    });
    let claims = claims.collect();
    let absent = seen
        .images
        .iter()
        .enumerate()
        .filter(|(_, there)| goal != Goal::Delete && **there == Presence::Absent);
    Ok(Plan {
        actions,
        pushes: absent.map(|(at, _)| at).collect(),
        claims,
    })
}

/// For `create`: nothing is there.
fn none_there<'a>(
    pairs: impl Iterator<Item = (&'a DesiredObject, &'a Live)>,
) -> Result<(), PlanError> {
    let there = pairs.filter(|(_, live)| live.object().is_some());
    let there: Vec<Key> = there
        .map(|(object, _)| object.object.key().clone())
        .collect();
    if there.is_empty() {
        Ok(())
    } else {
        Err(PlanError::Exists(there))
    }
}

/// For `replace`: what would be deleted is ours.
fn all_ours<'a>(
    pairs: impl Iterator<Item = (&'a DesiredObject, &'a Live)>,
) -> Result<(), PlanError> {
    let foreign = |(desired, live): (&DesiredObject, &Live)| {
        let object = live.object()?;
        let stays = is_kept(&desired.object) || is_going(object);
        let theirs = !stays && !is_managed_by(object, FIELD_MANAGER);
        theirs.then(|| (desired.object.key().clone(), managers_of(object)))
    };
    let foreign: Vec<_> = pairs.filter_map(foreign).collect();
    if foreign.is_empty() {
        Ok(())
    } else {
        Err(PlanError::Foreign(foreign))
    }
}

/// For `replace`: no set takes claims with it that are to stay by what is desired. What the set
/// that is there says is what happens.
fn no_claim_lost<'a>(
    pairs: impl Iterator<Item = (&'a DesiredObject, &'a Live)>,
) -> Result<(), PlanError> {
    let loses = |(desired, live): (&DesiredObject, &Live)| {
        let object = live.object().filter(|object| !is_going(object))?;
        let loses = deletes_claims(object) && !deletes_claims(desired.object.document());
        (is_set(desired) && loses).then(|| desired.object.key().clone())
    };
    let sets: Vec<Key> = pairs.filter_map(loses).collect();
    if sets.is_empty() {
        Ok(())
    } else {
        Err(PlanError::Claims(sets))
    }
}

fn is_set(desired: &DesiredObject) -> bool {
    let key = desired.object.key();
    (key.group.as_str(), key.kind.as_str()) == ("apps", "StatefulSet")
}

/// Whether a stateful set takes its claims with it. Without a word it does not.
fn deletes_claims(set: &Value) -> bool {
    set["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Delete"
}

/// What is to be done so that all are there; all conflicts are told at once.
fn steps<'a>(
    goal: Goal,
    pairs: impl Iterator<Item = (&'a DesiredObject, &'a Live)>,
) -> Result<Vec<Action>, PlanError> {
    let pairs: Vec<_> = pairs.collect();
    let going = going_namespaces(&pairs);
    let mut actions = Vec::new();
    let mut conflicts = Vec::new();
    for (desired, live) in pairs {
        let key = desired.object.key();
        let namespace = key.namespace.as_ref().map(Namespace::as_str);
        let place = if namespace.is_some_and(|namespace| going.contains(&namespace)) {
            Place::Going
        } else {
            Place::Lasting
        };
        match step(goal, desired, live, place) {
            Ok(action) => actions.push(action),
            Err(error) if !error.conflicts().is_empty() => {
                conflicts.push((key.clone(), error.conflicts()));
            }
            Err(error) => {
                let doing = refused_step(goal, desired, live);
                return Err(PlanError::Refused(key.clone(), doing, Box::new(error)));
            }
        }
    }
    if conflicts.is_empty() {
        Ok(actions)
    } else {
        Err(PlanError::Conflicts(conflicts))
    }
}

/// What the server refuses, as one word.
fn refused_step(goal: Goal, desired: &DesiredObject, live: &Live) -> &'static str {
    match live {
        Live::Missing | Live::Unmakable(_) => "make",
        Live::Found { .. } if goal == Goal::Replace && !is_kept(&desired.object) => "replace",
        Live::Found { .. } => "change",
    }
}

/// Whether the namespace of an object stays.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It does, as far as this plan knows.
    Lasting,
    /// It is being deleted, and all that is in it.
    Going,
}

/// The namespaces of a plan that are being deleted.
fn going_namespaces<'a>(pairs: &[(&'a DesiredObject, &'a Live)]) -> Vec<&'a str> {
    let going = pairs.iter().filter_map(|(desired, live)| {
        let key = desired.object.key();
        let is_namespace = key.group.is_empty() && key.kind.as_str() == "Namespace";
        (is_namespace && live.object().is_some_and(is_going)).then_some(key.name.as_str())
    });
    going.collect()
}

fn step(
    goal: Goal,
    desired: &DesiredObject,
    live: &Live,
    place: Place,
) -> Result<Action, ApiError> {
    let (object, dry_run) = match live {
        Live::Missing => return Ok(Action::Create),
        Live::Unmakable(error) => return Err(error.clone()),
        Live::Found { object, dry_run } => (object, dry_run),
    };
    if is_going(object) || place == Place::Going {
        // Changing it would be lost. An interrupted `replace` is taken up here as well.
        return Ok(Action::CreateAfter {
            uid: uid_of(object),
        });
    }
    let result = match dry_run {
        Some(result) => Some(result.as_ref().map_err(Clone::clone)?),
        None => None,
    };
    if goal == Goal::Replace && !is_kept(&desired.object) {
        return Ok(Action::Replace {
            uid: uid_of(object),
        });
    }
    let Some(result) = result else {
        return Ok(Action::Change { fields: Vec::new() });
    };
    let fields = changed_fields(object, result);
    Ok(if fields.is_empty() {
        Action::Same
    } else {
        Action::Change { fields }
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

fn uid_of(object: &Value) -> String {
    let uid = object["metadata"]["uid"].as_str();
    uid.unwrap_or_default().to_owned()
}

fn removal(desired: &DesiredObject, live: &Live) -> Action {
    let Some(object) = live.object() else {
        return Action::Gone;
    };
    if is_kept(&desired.object) {
        return Action::Keep { why: Kept::Kind };
    }
    if !is_managed_by(object, FIELD_MANAGER) {
        return Action::Keep { why: Kept::Foreign };
    }
    Action::Delete {
        uid: uid_of(object),
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
        self.actions.iter().filter(deletes).count()
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
            policy: crate::policy::Policy::default(),
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
        assert_eq!((plan.sent(), plan.deleted()), (2, 0));
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

    fn going(manager: &str) -> Live {
        let mut live = found(manager, "x", None);
        if let Live::Found { object, .. } = &mut live {
            object["metadata"]["deletionTimestamp"] = json!("2024-01-01T00:00:00Z");
        }
        live
    }

    fn refusal() -> ApiError {
        ApiError::Other {
            reason: "spec: Required value".into(),
        }
    }

    #[test]
    fn replace_makes_ours_anew_and_changes_what_is_kept() {
        let desired = desired(vec![
            object("Secret", "a"),
            object("Secret", "b"),
            object("Namespace", "c"),
            object("Namespace", "d"),
        ]);
        let seen = seen(vec![
            Live::Missing,
            found("windlass", "x", Some(Ok("x"))),
            found("windlass", "x", Some(Ok("y"))),
            found("kubectl", "x", Some(Ok("x"))),
        ]);
        let plan = plan(Goal::Replace, &desired, &seen).expect("plan");
        let uid = || "u1".to_owned();
        let fields = vec!["data.k".to_owned()];
        assert_eq!(
            plan.actions,
            [
                Action::Create,
                Action::Replace { uid: uid() },
                Action::Change { fields },
                Action::Same
            ]
        );
        assert_eq!((plan.sent(), plan.deleted()), (3, 1));
        assert!(plan.removes_first());
    }

    #[test]
    fn replace_refuses_what_others_made_and_what_cannot_be_made() {
        let desired = desired(vec![object("Secret", "a"), object("Secret", "b")]);
        let both = |a: Live, b: Live| {
            let seen = seen(vec![a, b]);
            plan(Goal::Replace, &desired, &seen).expect_err("refused")
        };
        let error = both(
            found("windlass", "x", Some(Err(refusal()))),
            found("helm", "x", Some(Ok("x"))),
        );
        let PlanError::Foreign(foreign) = error else {
            panic!("got {error:?}")
        };
        assert_eq!(foreign[0].0.name.as_str(), "b");
        assert_eq!(foreign[0].1, ["helm"]);
        let error = both(found("windlass", "x", Some(Err(refusal()))), Live::Missing);
        assert!(matches!(error, PlanError::Refused(key, "replace", _) if key.name.as_str() == "a"));
        let error = both(Live::Missing, Live::Unmakable(refusal()));
        assert!(matches!(error, PlanError::Refused(key, "make", _) if key.name.as_str() == "b"));
    }

    #[test]
    fn what_is_being_deleted_is_made_when_it_is_gone() {
        let desired = desired(vec![object("Secret", "a"), object("Namespace", "b")]);
        for goal in [Goal::Apply, Goal::Replace] {
            let seen = seen(vec![going("windlass"), going("kubectl")]);
            let plan = plan(goal, &desired, &seen).expect("plan");
            let after = Action::CreateAfter {
                uid: "u1".to_owned(),
            };
            assert_eq!(plan.actions, [after.clone(), after]);
            assert_eq!((plan.sent(), plan.deleted()), (2, 0));
            assert!(plan.removes_first());
        }
        let seen = seen(vec![going("windlass"), Live::Missing]);
        let error = plan(Goal::Create, &desired, &seen).expect_err("it is there still");
        assert!(matches!(error, PlanError::Exists(keys) if keys.len() == 1));
    }

    #[test]
    fn what_is_in_a_namespace_that_is_being_deleted_goes_with_it() {
        let mut inside = object("Secret", "a");
        let document = json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "a", "namespace": "n"}});
        inside.object = Object::from_document(document).expect("object");
        let desired = desired(vec![inside, object("Namespace", "n")]);
        let seen = seen(vec![
            found("windlass", "x", Some(Ok("x"))),
            going("windlass"),
        ]);
        let plan = plan(Goal::Apply, &desired, &seen).expect("plan");
        let after = Action::CreateAfter {
            uid: "u1".to_owned(),
        };
        assert_eq!(plan.actions, [after.clone(), after]);
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
        let stage = |stage| plan.stage(stage, &desired, Action::is_write);
        assert_eq!(stage(Stage::Foundation), [1]);
        assert_eq!(stage(Stage::Prerequisite), Vec::<usize>::new());
        assert_eq!(stage(Stage::Workload), [0]);
    }
}
