//! One service in several environments: they differ in namespace, and in the fields that are said to
//! be mapped by environment.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use windlass_k8s_diff::text::{Colour, Line, Mark, field};
use windlass_runfiles::Launcher;

use crate::compare::fields;
use crate::error::Error;
use crate::manifest::{by_name, hide, load, name};
use crate::request::Rendered;

/// One environment: its name, and its objects by what they are called in any of them.
type Environment = (String, BTreeMap<String, Value>);

/// Compares each environment with the first.
pub fn test(
    label: &str,
    targets: &[Rendered],
    mapped: &[String],
    launcher: &Launcher,
) -> Result<(), Error> {
    let read = |target: &Rendered| {
        let mut objects = load(&target.target, &target.manifests, launcher)?;
        for object in &mut objects {
            hide(object, &target.namespace, "NAMESPACE");
        }
        let name = |object: &Value| name(object).replace("NAMESPACE/", "");
        let named = by_name(objects, name).map_err(|name| Error::Twice {
            target: target.target.clone(),
            name,
        })?;
        Ok((target.environment.clone(), named))
    };
    let environments: Result<Vec<Environment>, Error> = targets.iter().map(read).collect();
    let lines = unlike(&environments?, mapped);
    if lines.is_empty() {
        return Ok(());
    }
    let lines = lines.iter().map(|line| line.painted(Colour::Never));
    Err(Error::Unlike {
        label: label.to_owned(),
        lines: lines.collect(),
    })
}

/// The lines of what differs and is not mapped, and of what is mapped and does not differ.
fn unlike(environments: &[Environment], mapped: &[String]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut unused: BTreeSet<&String> = mapped.iter().collect();
    let pairs = environments.first().into_iter().flat_map(|first| {
        let others = environments.iter().skip(1);
        others.map(move |other| (first, other))
    });
    for ((first, before), (other, after)) in pairs {
        let mut found = only_in(first, before, after);
        found.extend(only_in(other, after, before));
        for (name, object) in before {
            let Some(other) = after.get(name) else {
                continue;
            };
            let mut fields = fields(object, other);
            fields.retain(|change| {
                let one = mapped.iter().find(|one| covers(one, name, &change.path));
                one.is_none_or(|one| {
                    unused.remove(one);
                    false
                })
            });
            if !fields.is_empty() {
                found.push(Line::heading(Mark::Changed, name));
                found.extend(fields.iter().flat_map(|change| field(change, "")));
            }
        }
        if !found.is_empty() {
            lines.push(Line::new(Mark::Around, format!("{first} -> {other}")));
            lines.extend(found);
        }
    }
    let same = unused.into_iter();
    lines.extend(same.map(|one| Line::new(Mark::Around, format!("`{one}` is the same in all"))));
    lines
}

fn only_in(
    environment: &str,
    own: &BTreeMap<String, Value>,
    others: &BTreeMap<String, Value>,
) -> Vec<Line> {
    let only = own.keys().filter(|name| !others.contains_key(*name));
    let only = only.map(|name| Line::heading(Mark::Gone, format!("{name}  only in {environment}")));
    only.collect()
}

/// Whether `StatefulSet redis: spec.x` is about a field of an object, or one that is around it. The
/// kind may have its group, `StatefulSet.apps redis`, and is that of any group without.
fn covers(mapped: &str, name: &str, path: &str) -> bool {
    let is_name = |object: &str| object == name || object == without_group(name);
    let own = mapped
        .split_once(": ")
        .filter(|(object, _)| is_name(object));
    let rest = own.and_then(|(_, field)| path.strip_prefix(field));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// `StatefulSet redis` of `StatefulSet.apps redis`.
fn without_group(name: &str) -> String {
    match name.split_once(' ') {
        Some((kind, rest)) => format!("{} {rest}", kind.split('.').next().unwrap_or(kind)),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(objects: [Value; 2], mapped: &[&str]) -> Vec<String> {
        let [prod, dev] = objects.map(|spec| {
            let object = json!({"apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "app"}, "spec": spec});
            by_name(vec![object], name).expect("one")
        });
        let mapped: Vec<String> = mapped.iter().map(|one| (*one).to_owned()).collect();
        let environments = [("prod".to_owned(), prod), ("dev".to_owned(), dev)];
        let lines = unlike(&environments, &mapped);
        lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn what_is_mapped_may_differ_and_nothing_else() {
        let specs = [
            json!({"replicas": 3, "x": {"y": 1}}),
            json!({"replicas": 1, "x": {"y": 2}}),
        ];
        let all = [
            "Deployment app: spec.replicas",
            "Deployment.apps app: spec.x",
        ];
        assert_eq!(shown(specs.clone(), &all), Vec::<String>::new());
        let want = [
            "prod -> dev",
            "~ Deployment.apps app",
            "    spec.x.y: 1 -> 2",
        ];
        assert_eq!(shown(specs.clone(), &all[..1]), want);
        let other = "Deployment other: spec.x";
        let unused = "`Deployment other: spec.x` is the same in all";
        let want = [want.as_slice(), &[unused]].concat();
        assert_eq!(shown(specs, &[all[0], other]), want);
    }

    #[test]
    fn an_object_that_is_missing_is_named() {
        let one = BTreeMap::from([("Service a".to_owned(), json!({}))]);
        let environments = [
            ("prod".to_owned(), BTreeMap::new()),
            ("dev".to_owned(), one),
        ];
        let lines = unlike(&environments, &[]);
        let text: Vec<String> = lines.into_iter().map(|line| line.text).collect();
        assert_eq!(text, ["prod -> dev", "- Service a  only in dev"]);
    }
}
