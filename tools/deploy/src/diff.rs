//! What `apply` would change, field by field, and the text of it. Pure.
//!
//! The changes are the server's: its dry run of each write, compared with what is there. This
//! module only finds words for them.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use windlass_k8s_diff::text::{Colour, Line, Mark};
use windlass_k8s_diff::{FieldChange, mask, text};
use windlass_k8s_object::Key;

use crate::api_error::Conflict;
use crate::compare::{MANAGERS, changes};
use crate::desired::Desired;
use crate::order::Stage;
use crate::plan::{Action, Live, Plan, Prune};

/// What would happen to one object.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectDiff {
    /// The object, as place among the desired ones.
    pub object: usize,
    /// What would happen.
    pub change: Change,
}

/// What would happen to one object; the values of Secrets are masked.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It would be made.
    Created {
        /// The object.
        object: Value,
    },
    /// Its fields would be changed.
    Changed {
        /// The fields, in the server's order. Empty where it changes all the time: only the write
        /// itself will tell.
        fields: Vec<FieldDiff>,
    },
}

/// One field that would change.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldDiff {
    /// The field: `spec.replicas`.
    pub path: String,
    /// What it holds; `null` where it is not there.
    pub old: Value,
    /// What it would hold; `null` where it would not be there.
    pub new: Value,
    /// Another manager that owns it; `null` if none does.
    pub owner: Option<String>,
}

impl ObjectDiff {
    /// The fields; those of a new object are its top-level ones.
    pub fn fields(&self) -> Vec<FieldDiff> {
        match &self.change {
            Change::Changed { fields } => fields.clone(),
            Change::Created { object } => {
                let field = |(key, value): (&String, &Value)| FieldDiff {
                    path: key.clone(),
                    old: Value::Null,
                    new: value.clone(),
                    owner: None,
                };
                object
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(field)
                    .collect()
            }
        }
    }
}

/// What would change, in an order that depends neither on that of members nor on time: by group,
/// then as they are written, then by name. `actions` is what the plan does with each object;
/// `owned` are the fields that others own, by object.
pub fn diff(
    desired: &Desired,
    seen: &[Live],
    actions: &[Action],
    owned: &[(Key, Vec<Conflict>)],
) -> Vec<ObjectDiff> {
    let mut order: Vec<usize> = (0..desired.objects.len().min(seen.len())).collect();
    order.sort_by_key(|at| {
        let one = &desired.objects[*at];
        (one.group, Stage::of(&one.object), one.object.key())
    });
    let one = |object: usize| {
        let wanted = &desired.objects[object].object;
        let of_it = owned.iter().find(|(key, _)| key == wanted.key());
        let conflicts = of_it.map_or(&[][..], |(_, conflicts)| conflicts);
        let change = change(
            wanted.document(),
            &seen[object],
            actions.get(object)?,
            conflicts,
        )?;
        Some(ObjectDiff { object, change })
    };
    order.into_iter().filter_map(one).collect()
}

fn change(wanted: &Value, live: &Live, action: &Action, conflicts: &[Conflict]) -> Option<Change> {
    let (object, dry_run) = match (action, live) {
        // What is there may be going, by itself or with its namespace: the plan knows.
        // What is made anew is shown as a whole.
        (Action::Create | Action::CreateAfter { .. } | Action::Replace { .. }, _)
        | (_, Live::Missing | Live::Unmakable(_)) => {
            let object = mask::masked(wanted);
            return Some(Change::Created { object });
        }
        (_, Live::Recorded(_) | Live::Recreatable(_)) => return None,
        (_, Live::Found { object, dry_run }) => (object, dry_run),
    };
    let result = match dry_run {
        None => return Some(Change::Changed { fields: Vec::new() }),
        // Why it is refused is told as an error.
        Some(Err(_)) => return None,
        Some(Ok(result)) => result,
    };
    let (before, after) = mask::pair(object, result);
    let fields = changes(&before, &after).into_iter().map(|change| {
        let owns = |conflict: &&Conflict| covers(&conflict.field, &change.path);
        let owner = conflicts.iter().find(owns);
        FieldDiff {
            owner: owner.map(|conflict| conflict.manager.clone()),
            path: change.path,
            old: change.before,
            new: change.after,
        }
    });
    let fields: Vec<FieldDiff> = fields.collect();
    (!fields.is_empty()).then_some(Change::Changed { fields })
}

/// Whether a field that the server names in a conflict is the one at `path`, or around it. The
/// server names items of lists by their keys: `containers[name="a"].image`.
fn covers(field: &str, path: &str) -> bool {
    let plain = |text: &str| {
        let mut plain = String::new();
        let mut depth = 0_usize;
        for c in text.chars() {
            match c {
                '[' => depth += 1,
                ']' => depth = depth.saturating_sub(1),
                c if depth == 0 => plain.push(c),
                _ => {}
            }
        }
        plain
    };
    let (field, path) = (plain(field), plain(path));
    path == field || path.starts_with(&format!("{field}."))
}

/// The text of a diff: a heading for each object, its fields below.
pub fn text(diffs: &[ObjectDiff], desired: &Desired, colour: Colour) -> String {
    let mut text = String::new();
    for diff in diffs {
        let key = desired.objects[diff.object].object.key();
        let lines = match &diff.change {
            Change::Created { object } => {
                let heading = Line::heading(Mark::New, plain_name(key));
                [vec![heading], text::object(object)].concat()
            }
            Change::Changed { fields } => {
                let mut lines = vec![Line::heading(Mark::Changed, plain_name(key))];
                if fields.is_empty() {
                    let why = "    changes all the time: the write itself will tell";
                    lines.push(Line::new(Mark::Around, why));
                }
                lines.extend(fields.iter().flat_map(field_lines));
                lines
            }
        };
        for line in lines {
            let _ = writeln!(text, "{}", line.painted(colour));
        }
    }
    text
}

/// The text of what goes because nobody describes it any more.
pub fn pruned_text(plan: &Plan, colour: Colour) -> String {
    let goes = plan.prunes.iter().filter(|prune| prune.action.is_write());
    let line = |prune: &Prune| {
        let line = Line::heading(Mark::Gone, plain_name(&prune.key));
        line.painted(colour) + "\n"
    };
    goes.map(line).collect()
}

/// `Deployment alice/client`.
pub fn plain_name(key: &Key) -> String {
    key.to_string().replace('`', "")
}

fn field_lines(field: &FieldDiff) -> Vec<Line> {
    let path = &field.path;
    let owner = field.owner.as_ref();
    let owner = owner.map_or(String::new(), |owner| format!("  (owned by `{owner}`)"));
    if path == MANAGERS {
        let line = format!("    {path}: owners of fields change, no value does{owner}");
        return vec![Line::new(Mark::Around, line)];
    }
    let change = FieldChange {
        path: path.clone(),
        before: field.old.clone(),
        after: field.new.clone(),
    };
    text::field(&change, &owner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::Takeover;
    use crate::desired::{DesiredObject, Group};
    use crate::plan::{Goal, Seen, plan};
    use serde_json::json;
    use windlass_k8s_object::{Environment, Object, Ownership};

    fn desired(documents: &[Value]) -> Desired {
        let group = |name: &str| Group {
            id: name.to_owned(),
            label: format!("//{name}"),
            name: name.to_owned(),
            deps: Vec::new(),
            inventory: None,
        };
        let object = |document: &Value| DesiredObject {
            label: String::new(),
            group: 0,
            object: Object::from_document(document.clone()).expect("object"),
            images: Vec::new(),
            policy: crate::policy::Policy::default(),
        };
        let environment = Environment::try_new("myns", "alice", Ownership::Personal, &[]);
        Desired {
            environment: environment.expect("environment"),
            groups: vec![group("redis")],
            objects: documents.iter().map(object).collect(),
            images: Vec::new(),
        }
    }

    fn map(name: &str, data: &Value) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": "alice"}, "data": data})
    }

    fn found(before: &Value, after: &Value) -> Live {
        Live::Found {
            object: before.clone(),
            dry_run: Some(Ok(after.clone())),
        }
    }

    /// The diff of what `apply` plans.
    fn planned(
        desired: &Desired,
        seen: &[Live],
        owned: &[(Key, Vec<Conflict>)],
    ) -> Vec<ObjectDiff> {
        let all = Seen {
            objects: seen.to_vec(),
            images: Vec::new(),
            groups: Vec::new(),
        };
        let plan = plan(Goal::Apply, Takeover::Adopt, desired, &all).expect("a plan");
        diff(desired, seen, &plan.actions, owned)
    }

    /// The text of one object that changes.
    fn changed(before: &Value, after: &Value) -> String {
        let (before, after) = (map("redis", before), map("redis", after));
        let desired = desired(std::slice::from_ref(&after));
        let diffs = planned(&desired, &[found(&before, &after)], &[]);
        text(&diffs, &desired, Colour::Never)
    }

    #[test]
    fn nothing_is_said_of_what_stays() {
        assert_eq!(changed(&json!({"k": "v"}), &json!({"k": "v"})), "");
    }

    #[test]
    fn one_line_a_field() {
        let text = changed(
            &json!({"a": "x", "b": 1, "gone": "z"}),
            &json!({"a": "y", "b": 1, "new": true}),
        );
        assert_eq!(
            text,
            "~ ConfigMap alice/redis\n    \
             data.a: \"x\" -> \"y\"\n    \
             data.gone: \"z\" -> (none)\n    \
             data.new: (none) -> true\n"
        );
    }

    #[test]
    fn lists_and_long_texts_are_blocks() {
        let lines = |tenth: &str| {
            let line = |at| {
                if at == 10 {
                    tenth.to_owned()
                } else {
                    format!("line {at}")
                }
            };
            (1..=20).map(line).collect::<Vec<_>>().join("\n") + "\n"
        };
        let text = changed(
            &json!({"args": ["--a", "--b"], "conf": lines("maxmemory 1")}),
            &json!({"args": ["--a"], "conf": lines("maxmemory 2")}),
        );
        assert_eq!(
            text,
            "~ ConfigMap alice/redis\n    \
             data.args:\n        \
               - --a\n      \
             - - --b\n    \
             data.conf:\n        \
               line 8\n        \
               line 9\n      \
             - maxmemory 1\n      \
             + maxmemory 2\n        \
               line 11\n        \
               line 12\n"
        );
    }

    #[test]
    fn new_objects_are_shown_in_the_order_they_are_written() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "b", "namespace": "alice"}, "spec": {"containers": []}});
        let secret = json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "a", "namespace": "alice"}, "data": {"password": "c2VjcmV0"}});
        let missing = [Live::Missing, Live::Missing];
        let show = |documents: &[Value]| {
            let desired = desired(documents);
            text(&planned(&desired, &missing, &[]), &desired, Colour::Never)
        };
        let want = "\
+ Secret alice/a
    apiVersion: v1
    kind: Secret
    metadata:
      name: a
      namespace: alice
    data:
      password: '***'
+ Pod alice/b
    apiVersion: v1
    kind: Pod
    metadata:
      name: b
      namespace: alice
    spec:
      containers: []
";
        assert_eq!(show(&[pod.clone(), secret.clone()]), want);
        assert_eq!(show(&[secret, pod]), want, "whatever the order of members");
    }

    #[test]
    fn fields_of_others_name_them() {
        let (before, after) = (json!({"k": "theirs"}), json!({"k": "ours"}));
        let (before, after) = (map("redis", &before), map("redis", &after));
        let desired = desired(std::slice::from_ref(&after));
        let key = desired.objects[0].object.key().clone();
        let conflict = Conflict {
            field: "data.k".to_owned(),
            manager: "helm".to_owned(),
        };
        let diffs = planned(
            &desired,
            &[found(&before, &after)],
            &[(key, vec![conflict])],
        );
        assert_eq!(
            text(&diffs, &desired, Colour::Never),
            "~ ConfigMap alice/redis\n    data.k: \"theirs\" -> \"ours\"  (owned by `helm`)\n"
        );
    }

    #[test]
    fn conflicts_are_found_by_the_servers_names() {
        for (field, path, covered) in [
            ("spec.replicas", "spec.replicas", true),
            (
                "spec.template.spec.containers[name=\"a\"].image",
                "spec.template.spec.containers[0].image",
                true,
            ),
            ("metadata.labels", "metadata.labels.app", true),
            ("spec.rep", "spec.replicas", false),
        ] {
            assert_eq!(covers(field, path), covered, "{field} {path}");
        }
    }

    #[test]
    fn a_field_that_changes_hands() {
        let owned = |manager: &str| {
            let mut object = map("redis", &json!({"k": "v"}));
            object["metadata"]["managedFields"] = json!([{"manager": manager}]);
            object
        };
        let (before, after) = (owned("helm"), owned("windlass"));
        let desired = desired(std::slice::from_ref(&after));
        let diffs = planned(&desired, &[found(&before, &after)], &[]);
        assert_eq!(
            text(&diffs, &desired, Colour::Never),
            "~ ConfigMap alice/redis\n    \
             metadata.managedFields: owners of fields change, no value does\n"
        );
    }

    #[test]
    fn what_changes_all_the_time_and_what_is_being_deleted() {
        let object = map("redis", &json!({"k": "v"}));
        let mut going = object.clone();
        going["metadata"]["deletionTimestamp"] = json!("2024-01-01T00:00:00Z");
        let desired = desired(std::slice::from_ref(&object));
        let of = |object: Value| {
            let live = Live::Found {
                object,
                dry_run: None,
            };
            text(&planned(&desired, &[live], &[]), &desired, Colour::Never)
        };
        assert_eq!(
            of(object.clone()),
            "~ ConfigMap alice/redis\n    changes all the time: the write itself will tell\n"
        );
        assert!(of(going).starts_with("+ ConfigMap alice/redis\n    apiVersion: v1\n"));
    }

    #[test]
    fn what_goes_with_its_namespace_is_made_anew() {
        let mut namespace = json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "alice"}});
        let map = map("redis", &json!({"k": "v"}));
        let desired = desired(&[namespace.clone(), map.clone()]);
        namespace["metadata"]["deletionTimestamp"] = json!("2024-01-01T00:00:00Z");
        let seen = [found(&namespace, &namespace), found(&map, &map)];
        let text = text(&planned(&desired, &seen, &[]), &desired, Colour::Never);
        assert!(text.starts_with("+ Namespace alice\n"), "{text}");
        assert!(text.contains("\n+ ConfigMap alice/redis\n"), "{text}");
    }

    #[test]
    fn colours_and_control_characters() {
        let (before, after) = (
            map("redis", &json!({})),
            map("redis", &json!({"k": "a\u{9b}b"})),
        );
        let desired = desired(std::slice::from_ref(&after));
        let diffs = planned(&desired, &[found(&before, &after)], &[]);
        assert_eq!(
            text(&diffs, &desired, Colour::Ansi),
            "\x1b[33m~ ConfigMap alice/redis\x1b[0m\n    data.k: (none) -> \"a\\u{9b}b\"\n"
        );
        let lists = |items: Value| json!({"k": items});
        let (before, after) = (
            map("redis", &lists(json!(["a"]))),
            map("redis", &lists(json!(["a", "b\u{1b}[2J"]))),
        );
        let diffs = planned(&desired, &[found(&before, &after)], &[]);
        let text = text(&diffs, &desired, Colour::Ansi);
        assert!(
            text.ends_with("\x1b[32m      + - \"b\\e[2J\"\x1b[0m\n"),
            "{text:?}"
        );
    }
}
