//! What a change does to objects: which come, go, change, or get another name. Pure.

use std::collections::BTreeMap;

use serde_json::Value;
use windlass_k8s_diff::{FieldChange, changes, mask};
use windlass_k8s_object::Key;

use crate::manifest::Manifest;

/// One object that is another one after the change.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectChange {
    /// Its target, after the change if it is there then.
    pub label: String,
    /// The package of its target.
    pub service: String,
    /// Its environment.
    pub environment: String,
    /// The namespace of the environment; empty for setup.
    pub namespace: String,
    /// `apiVersion`.
    pub api_version: String,
    /// What it is called, after the change if it is there then.
    pub key: Key,
    /// What happens to it.
    pub change: Change,
}

/// What happens to an object. Values of Secrets are masked.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It is new.
    Added {
        /// The object.
        object: Value,
    },
    /// Nothing describes it any more.
    Removed,
    /// Fields differ.
    Changed {
        /// The fields.
        fields: Vec<FieldChange>,
    },
    /// Its target gives it another name or namespace: on a cluster, one goes and one comes.
    Renamed {
        /// What it was called.
        was: Key,
        /// The fields that differ, its name among them.
        fields: Vec<FieldChange>,
    },
}

impl Change {
    /// `added`, `removed`, `changed` or `renamed`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Added { .. } => "added",
            Self::Removed => "removed",
            Self::Changed { .. } => "changed",
            Self::Renamed { .. } => "renamed",
        }
    }

    /// The fields that differ; none of what comes or goes as a whole.
    pub fn fields(&self) -> &[FieldChange] {
        match self {
            Self::Added { .. } | Self::Removed => &[],
            Self::Changed { fields } | Self::Renamed { fields, .. } => fields,
        }
    }
}

/// What differs, by service, object and environment. An object is the same one if target and name
/// are, else if its name is, else if its target and kind are: so neither another package nor
/// another name hides what else differs.
pub fn compare(before: &[Manifest], after: &[Manifest]) -> Vec<ObjectChange> {
    let mut before: Vec<&Manifest> = before.iter().collect();
    let mut after: Vec<&Manifest> = after.iter().collect();
    let mut pairs = Vec::new();
    take_pairs(&mut before, &mut after, &mut pairs, |one| {
        (Some(&*one.label), &*one.environment, Some(one.key()), None)
    });
    take_pairs(&mut before, &mut after, &mut pairs, |one| {
        (None, &*one.environment, Some(one.key()), None)
    });
    take_pairs(&mut before, &mut after, &mut pairs, |one| {
        let kind = one.key().kind_and_group();
        (Some(&*one.label), &*one.environment, None, Some(kind))
    });
    let mut changes: Vec<ObjectChange> = pairs
        .into_iter()
        .filter_map(|(before, after)| changed(before, after))
        .collect();
    changes.extend(before.into_iter().map(|one| of(one, Change::Removed)));
    changes.extend(after.into_iter().map(|one| {
        let object = mask::masked(one.object.document());
        of(one, Change::Added { object })
    }));
    changes.sort_by(|one, other| order(one).cmp(&order(other)));
    changes
}

fn order(change: &ObjectChange) -> (&str, &str, &str, &str) {
    (
        &change.service,
        change.key.kind.as_str(),
        change.key.name.as_str(),
        &change.environment,
    )
}

/// What two sides of an object have in common: target, environment, name, kind.
type Same<'a> = (Option<&'a str>, &'a str, Option<&'a Key>, Option<String>);

/// Moves to `pairs` what has the same `name` on both sides, in the order of `before`.
fn take_pairs<'a>(
    before: &mut Vec<&'a Manifest>,
    after: &mut Vec<&'a Manifest>,
    pairs: &mut Vec<(&'a Manifest, &'a Manifest)>,
    name: impl Fn(&'a Manifest) -> Same<'a>,
) {
    let mut places: BTreeMap<Same<'a>, Vec<usize>> = BTreeMap::new();
    for (at, one) in after.iter().enumerate().rev() {
        places.entry(name(one)).or_default().push(at);
    }
    let mut taken = vec![false; after.len()];
    before.retain(|one| {
        let Some(at) = places.get_mut(&name(one)).and_then(Vec::pop) else {
            return true;
        };
        taken[at] = true;
        pairs.push((*one, after[at]));
        false
    });
    let mut taken = taken.into_iter();
    after.retain(|_| taken.next() != Some(true));
}

fn changed(before: &Manifest, after: &Manifest) -> Option<ObjectChange> {
    let fields = fields(before.object.document(), after.object.document());
    if fields.is_empty() {
        return None;
    }
    let change = if before.key() == after.key() {
        Change::Changed { fields }
    } else {
        let was = before.key().clone();
        Change::Renamed { was, fields }
    };
    Some(of(after, change))
}

/// The fields in which two objects differ, masked.
pub fn fields(before: &Value, after: &Value) -> Vec<FieldChange> {
    let (before, after) = mask::pair(before, after);
    changes(&before, &after, |_| false)
}

fn of(manifest: &Manifest, change: Change) -> ObjectChange {
    ObjectChange {
        label: manifest.label.clone(),
        service: manifest.service().to_owned(),
        environment: manifest.environment.clone(),
        namespace: manifest.namespace.clone(),
        api_version: manifest.object.api_version().as_str().to_owned(),
        key: manifest.key().clone(),
        change,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::of_value;
    use serde_json::json;

    fn manifest(label: &str, name: &str, data: &str) -> Manifest {
        let document = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": "prod"}, "data": {"k": data}});
        Manifest {
            label: label.to_owned(),
            environment: "prod".to_owned(),
            namespace: "prod".to_owned(),
            object: of_value(document).expect("an object"),
        }
    }

    fn shown(before: &[Manifest], after: &[Manifest]) -> Vec<String> {
        let one = |one: &ObjectChange| {
            let paths: Vec<_> = one.change.fields().iter().map(|f| &*f.path).collect();
            let word = one.change.word();
            let text = format!("{word} {} {} {}", one.label, one.key, paths.join(" "));
            text.trim_end().to_owned()
        };
        compare(before, after).iter().map(one).collect()
    }

    #[test]
    fn what_stays_comes_goes_and_changes() {
        let before = [
            manifest("//a:same", "same", "1"),
            manifest("//a:gone", "gone", "1"),
            manifest("//a:other", "other", "1"),
        ];
        let after = [
            manifest("//a:new", "new", "1"),
            manifest("//a:other", "other", "2"),
            manifest("//a:same", "same", "1"),
        ];
        assert_eq!(
            shown(&before, &after),
            [
                "removed //a:gone ConfigMap `prod/gone`",
                "added //a:new ConfigMap `prod/new`",
                "changed //a:other ConfigMap `prod/other` data.k",
            ]
        );
    }

    #[test]
    fn another_target_is_no_difference() {
        let (before, after) = (manifest("//a:a", "a", "1"), manifest("//b:b", "a", "1"));
        assert_eq!(
            shown(std::slice::from_ref(&before), &[after]),
            Vec::<String>::new()
        );
        let after = manifest("//b:b", "a", "2");
        let want = ["changed //b:b ConfigMap `prod/a` data.k"];
        assert_eq!(shown(&[before], &[after]), want);
    }

    #[test]
    fn another_name_is_shown_with_what_else_differs() {
        let (before, after) = (manifest("//a:a", "a", "1"), manifest("//a:a", "b", "2"));
        let want = ["renamed //a:a ConfigMap `prod/b` metadata.name data.k"];
        assert_eq!(shown(&[before], &[after]), want);
    }

    #[test]
    fn targets_that_describe_one_object_are_told_apart() {
        let before = [manifest("//a:a", "x", "1"), manifest("//b:b", "x", "2")];
        let after = [manifest("//b:b", "x", "2"), manifest("//a:a", "x", "3")];
        let want = ["changed //a:a ConfigMap `prod/x` data.k"];
        assert_eq!(shown(&before, &after), want);
    }
}
