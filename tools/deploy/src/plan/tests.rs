//! Plans, from what is desired and what was seen.

use super::*;
use crate::api_error::FieldProblem;
use crate::desired::{DesiredObject, Group};
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
        inventory: None,
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
        groups: Vec::new(),
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
    let plan = plan(Goal::Apply, Takeover::Refuse, &desired, &seen).expect("plan");
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
    assert!(
        plan(Goal::Apply, Takeover::Refuse, &desired, &seen)
            .expect("plan")
            .is_empty()
    );
    seen.images = vec![Presence::Absent];
    assert_eq!(
        plan(Goal::Apply, Takeover::Refuse, &desired, &seen)
            .expect("plan")
            .pushes,
        [0]
    );
}

#[test]
fn create_refuses_what_exists() {
    let desired = desired(vec![object("Secret", "a"), object("Secret", "b")]);
    let seen = seen(vec![Live::Missing, found("kubectl", "x", None)]);
    let error = plan(Goal::Create, Takeover::Refuse, &desired, &seen).expect_err("exists");
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
        found("windlass", "x", conflict()),
        found("windlass", "x", conflict()),
    ]);
    let error = plan(Goal::Apply, Takeover::Refuse, &desired, &seen).expect_err("conflict");
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
    let plan = plan(Goal::Delete, Takeover::Refuse, &desired, &seen).expect("plan");
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
        found("windlass", "x", Some(Ok("x"))),
    ]);
    let plan = plan(Goal::Replace, Takeover::Refuse, &desired, &seen).expect("plan");
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
        plan(Goal::Replace, Takeover::Refuse, &desired, &seen).expect_err("refused")
    };
    let error = both(
        found("windlass", "x", Some(Err(refusal()))),
        found("helm", "x", Some(Ok("x"))),
    );
    let PlanError::Foreign(foreign) = error else {
        panic!("got {error:?}")
    };
    assert_eq!(foreign[0].0.name.as_str(), "b");
    assert_eq!(foreign[0].1, Owner::Managers(vec!["helm".to_owned()]));
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
        let plan = plan(goal, Takeover::Refuse, &desired, &seen).expect("plan");
        let after = Action::CreateAfter {
            uid: "u1".to_owned(),
        };
        assert_eq!(plan.actions, [after.clone(), after]);
        assert_eq!((plan.sent(), plan.deleted()), (2, 0));
        assert!(plan.removes_first());
    }
    let seen = seen(vec![going("windlass"), Live::Missing]);
    let error =
        plan(Goal::Create, Takeover::Refuse, &desired, &seen).expect_err("it is there still");
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
    let plan = plan(Goal::Apply, Takeover::Refuse, &desired, &seen).expect("plan");
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
    let plan = plan(Goal::Apply, Takeover::Refuse, &desired, &seen).expect("plan");
    let stage = |stage| plan.stage(stage, &desired, Action::is_write);
    assert_eq!(stage(Stage::Foundation), [1]);
    assert_eq!(stage(Stage::Prerequisite), Vec::<usize>::new());
    assert_eq!(stage(Stage::Workload), [0]);
}

#[test]
fn what_has_no_managers_and_would_not_change_is_the_same() {
    let mut mine = object("Secret", "a");
    mine.object
        .set_label("applyset.kubernetes.io/part-of", "applyset-own-v1");
    let desired = desired(vec![mine]);
    let mut live = found("nobody", "x", Some(Ok("x")));
    if let Live::Found { object, dry_run } = &mut live {
        let label = json!({"applyset.kubernetes.io/part-of": "applyset-own-v1"});
        object["metadata"]["labels"] = label.clone();
        if let Some(Ok(result)) = dry_run {
            result["metadata"]["labels"] = label;
        }
    }
    let seen = seen(vec![live]);
    let plan = plan(Goal::Apply, Takeover::Refuse, &desired, &seen).expect("plan");
    assert_eq!(plan.actions, [Action::Same]);
}
