//! How far a change reaches, and which of its parts are the same in several environments. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use windlass_k8s_object::{Key, Namespace};

use crate::compare::{Change, ObjectChange};

/// What words there are for changes, in the order in which they are told.
const WORDS: [&str; 4] = ["added", "removed", "renamed", "changed"];

/// One service that a change reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach<'a> {
    /// The environments.
    pub environments: BTreeSet<&'a str>,
    /// How many objects there are of each word.
    pub counts: BTreeMap<&'static str, usize>,
}

impl Reach<'_> {
    /// `2 changed, 1 added`.
    pub fn words(&self) -> String {
        let there = WORDS.iter().filter_map(|word| {
            let count = self.counts.get(word)?;
            Some(format!("{count} {word}"))
        });
        there.collect::<Vec<_>>().join(", ")
    }
}

/// Which services a change reaches, and where.
pub fn reach(changes: &[ObjectChange]) -> BTreeMap<&str, Reach<'_>> {
    let mut services: BTreeMap<&str, Reach<'_>> = BTreeMap::new();
    for change in changes {
        let service = services.entry(&change.service).or_default();
        service.environments.insert(&change.environment);
        *service.counts.entry(change.change.word()).or_default() += 1;
    }
    services
}

/// `2 services in 4 environments change`.
pub fn headline(changes: &[ObjectChange]) -> String {
    let reach = reach(changes);
    let environments: BTreeSet<&str> = reach
        .values()
        .flat_map(|service| service.environments.iter().copied())
        .collect();
    let verb = if reach.len() == 1 {
        "changes"
    } else {
        "change"
    };
    format!(
        "{} in {} {verb}",
        many(reach.len(), "service"),
        many(environments.len(), "environment")
    )
}

/// `1 object`, `2 objects`.
pub fn many(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// What is the same in several environments.
#[derive(Clone, Debug, PartialEq)]
pub struct Group<'a> {
    /// The first of them.
    pub first: &'a ObjectChange,
    /// The names of the environments.
    pub environments: Vec<&'a str>,
}

/// Puts together what differs by nothing but its environment, in the order of the first.
pub fn grouped(changes: &[ObjectChange]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for change in changes {
        match groups.iter_mut().find(|group| is_same(group.first, change)) {
            Some(group) => group.environments.push(&change.environment),
            None => groups.push(Group {
                first: change,
                environments: vec![&change.environment],
            }),
        }
    }
    groups
}

fn is_same(one: &ObjectChange, other: &ObjectChange) -> bool {
    one.environment != other.environment
        && one.service == other.service
        && one.key.kind_and_group() == other.key.kind_and_group()
        && name(one) == name(other)
        && match (&one.change, &other.change) {
            (Change::Added { .. }, Change::Added { .. }) => object(one) == object(other),
            (Change::Renamed { was, .. }, Change::Renamed { was: before, .. })
                if was.name != before.name =>
            {
                false
            }
            (one, other) => one.word() == other.word() && one.fields() == other.fields(),
        }
}

/// `client`; `windlass-system/registry` where the namespace is not the environment's.
pub fn name(change: &ObjectChange) -> String {
    name_in(&change.key, &change.namespace)
}

/// `guide`, and `server -> guide` of what gets another name.
pub fn names(change: &ObjectChange) -> String {
    match &change.change {
        Change::Renamed { was, .. } => {
            let was = name_in(was, &change.namespace);
            format!("{was} -> {}", name(change))
        }
        _ => name(change),
    }
}

fn name_in(key: &Key, own: &str) -> String {
    let name = key.name.as_str();
    match key.namespace.as_ref().map(Namespace::as_str) {
        Some(namespace) if namespace != own => format!("{namespace}/{name}"),
        _ => name.to_owned(),
    }
}

/// A new object, without the namespace if that is the environment's.
pub fn object(change: &ObjectChange) -> Value {
    let Change::Added { object } = &change.change else {
        return Value::Null;
    };
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
        && metadata
            .get("namespace")
            .is_some_and(|one| *one == change.namespace)
    {
        metadata.shift_remove("namespace");
    }
    object
}
