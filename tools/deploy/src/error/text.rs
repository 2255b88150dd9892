//! The words of errors that name several things.

use std::time::Duration;

use windlass_k8s_object::Key;

use crate::api_error::Conflict;
use crate::claim::Owner;
use crate::cluster::Access;
use crate::references::Lacking;
use crate::request::Verb;

/// An error and its causes: `cannot write Service `a/b`: spec.ports: Required value`.
pub(super) fn one_line(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

/// `1 field of Deployment `alice/server` is owned`.
pub(super) fn owned(conflicts: &[(Key, Vec<Conflict>)]) -> String {
    let fields: usize = conflicts.iter().map(|(_, fields)| fields.len()).sum();
    let of = match conflicts {
        [(key, _)] => key.to_string(),
        many => format!("{} objects", many.len()),
    };
    if fields == 1 {
        format!("1 field of {of} is owned")
    } else {
        format!("{fields} fields of {of} are owned")
    }
}

pub(super) fn conflict_lines(conflicts: &[(Key, Vec<Conflict>)]) -> Vec<String> {
    let line = |key: &Key, conflict: &Conflict| {
        format!(
            "  | {key} {}: owned by `{}`",
            conflict.field, conflict.manager
        )
    };
    conflicts
        .iter()
        .flat_map(|(key, all)| all.iter().map(move |one| line(key, one)))
        .collect()
}

pub(super) fn keys(keys: &[Key]) -> String {
    match keys {
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        [] => String::new(),
    }
}

pub(super) fn accesses(missing: &[Access]) -> String {
    let what = |access: &Access| match access.subresource {
        "" => format!("{} {}", access.verb, access.plural),
        part => format!("{} {}/{part}", access.verb, access.plural),
    };
    let what = |access: &Access| match &access.name {
        Some(name) => format!("{} `{name}`", what(access)),
        None => what(access),
    };
    let text = |access: &Access| match &access.namespace {
        Some(namespace) => format!("{} in `{namespace}`", what(access)),
        None => what(access),
    };
    missing.iter().map(text).collect::<Vec<_>>().join(", ")
}

pub(super) fn seconds(duration: Duration) -> String {
    crate::screen::seconds(duration)
}

/// `apply`, `apply and delete`, `apply, replace and diff`.
pub(super) fn verbs(verbs: &[Verb]) -> String {
    let names: Vec<&str> = verbs.iter().map(|verb| verb.as_str()).collect();
    match names.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        names => names.concat(),
    }
}

/// ``Service `a/b` and 1 more``.
pub(super) fn keys_of(objects: &[(Key, Owner)]) -> String {
    let names: Vec<Key> = objects.iter().map(|(key, _)| key.clone()).collect();
    keys(&names)
}

pub(super) fn owner_lines(objects: &[(Key, Owner)]) -> Vec<String> {
    let line = |(key, owner): &(Key, Owner)| format!("  | {key}: {owner}");
    objects.iter().map(line).collect()
}

/// Why an environment needs a second word.
pub(super) fn whose(protected: bool) -> &'static str {
    if protected {
        "is protected"
    } else {
        "is not yours alone"
    }
}

/// `1 object is`, `2 objects are`.
pub(super) fn are(count: usize, noun: &str) -> String {
    let verb = if count == 1 { "is" } else { "are" };
    format!("{} {verb}", many(count, noun))
}

/// ``Secret `a/b` is missing, which Pod `a/c` needs``; with the number of others.
pub(super) fn lacking(missing: &[Lacking]) -> String {
    match missing {
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first}, and {} more", rest.len()),
        [] => String::new(),
    }
}

/// All of them, where there is more than one.
pub(super) fn lacking_lines(missing: &[Lacking]) -> Vec<String> {
    let lines = missing.iter().map(|one| format!("  | {one}"));
    lines.filter(|_| missing.len() > 1).collect()
}

/// `1 is missing and 2 are not ready`.
pub(super) fn standing(missing: usize, open: usize) -> String {
    let part = |count: usize, what: &str| {
        let verb = if count == 1 { "is" } else { "are" };
        (count > 0).then(|| format!("{count} {verb} {what}"))
    };
    let parts = [part(missing, "missing"), part(open, "not ready")];
    parts
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" and ")
}

pub(super) use crate::screen::many;
