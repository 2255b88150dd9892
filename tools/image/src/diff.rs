//! `image diff`: why two images have two digests.

use crate::contents::{Contents, Entry, Kind};
use crate::inspect::print;
use crate::platform::Platform;
use crate::size::in_words;
use crate::{Environment, Error};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// How PAX records of extended attributes begin.
const XATTR: &str = "SCHILY.xattr.";

/// Shows in which files, modes, times and settings two images differ.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The one image, as an OCI layout directory
    before: PathBuf,

    /// The other
    after: PathBuf,

    /// Which image of an index
    #[arg(long, value_name = "SYSTEM/PROCESSOR")]
    platform: Option<Platform>,
}

pub(crate) fn run(args: &Args, environment: &Environment) -> Result<(), Error> {
    let read = |layout: &Path| Contents::read(&environment.path(layout), args.platform.as_ref());
    print(&compared(&read(&args.before)?, &read(&args.after)?))
}

pub(crate) fn compared(before: &Contents, after: &Contents) -> String {
    if before.digest == after.digest {
        return format!("the same image, {}\n", before.digest);
    }
    let mut text = String::new();
    for path in both(before.entries.keys(), after.entries.keys()) {
        match (before.entries.get(path), after.entries.get(path)) {
            (Some(before), Some(after)) => {
                let changes = changes(before, after);
                if !changes.is_empty() {
                    let _ = writeln!(text, "~ {path}  {}", changes.join(", "));
                }
            }
            (Some(_), None) => {
                let _ = writeln!(text, "- {path}");
            }
            (None, Some(entry)) => {
                let _ = writeln!(text, "+ {path}  {}", in_words(entry.size));
            }
            (None, None) => {}
        }
    }
    for (before, after) in settings_of(before).iter().zip(&settings_of(after)) {
        settings(before, after, "", &mut text);
    }
    if text.is_empty() {
        packed_otherwise(before, after)
    } else {
        text
    }
}

/// The layers of two images that have the same files and settings.
fn packed_otherwise(before: &Contents, after: &Contents) -> String {
    let sizes = |contents: &Contents| {
        let sizes = contents.layers.iter().map(|layer| in_words(layer.size));
        sizes.collect::<Vec<_>>().join(", ")
    };
    format!(
        "the same contents, modes, owners, times and settings; they are packed otherwise\n\
         ~ layers  {} -> {}\n",
        sizes(before),
        sizes(after)
    )
}

/// What differs in one entry; which layer it is of does not count.
fn changes(before: &Entry, after: &Entry) -> Vec<String> {
    let mut changes = Vec::new();
    if before.kind != after.kind {
        changes.push(match (&before.kind, &after.kind) {
            (Kind::File(_), Kind::File(_)) if before.size == after.size => {
                format!("content, {} as before", in_words(after.size))
            }
            (Kind::File(_), Kind::File(_)) => {
                format!(
                    "content, {} -> {}",
                    in_words(before.size),
                    in_words(after.size)
                )
            }
            (before, after) => format!("{} -> {}", said(before), said(after)),
        });
    }
    if before.mode != after.mode {
        changes.push(format!("mode {:04o} -> {:04o}", before.mode, after.mode));
    }
    if before.owner != after.owner {
        let owner = |(uid, gid): (u64, u64)| format!("{uid}:{gid}");
        changes.push(format!(
            "owner {} -> {}",
            owner(before.owner),
            owner(after.owner)
        ));
    }
    if before.modified != after.modified {
        changes.push(format!("time {} -> {}", before.modified, after.modified));
    }
    for name in both(before.records.keys(), after.records.keys()) {
        let (old, new) = (before.records.get(name), after.records.get(name));
        let change = match (old, new) {
            (Some(_), None) => "gone",
            (None, _) => "new",
            (Some(_), Some(_)) => "changed",
        };
        if old != new {
            let name = name.strip_prefix(XATTR).unwrap_or(name);
            changes.push(format!("{name} {change}"));
        }
    }
    changes
}

/// The names of two sides, in order.
fn both<'a, T: Ord>(
    before: impl Iterator<Item = &'a T>,
    after: impl Iterator<Item = &'a T>,
) -> BTreeSet<&'a T> {
    before.chain(after).collect()
}

fn said(kind: &Kind) -> String {
    match kind {
        Kind::File(_) => "file".to_owned(),
        Kind::Folder => "folder".to_owned(),
        Kind::Symlink(to) => format!("symlink to {to}"),
        Kind::Link(to) => format!("link to {to}"),
        Kind::Special => "device or pipe".to_owned(),
    }
}

/// Manifest and config without what follows from the layers, and is said of their files.
fn settings_of(contents: &Contents) -> [Value; 2] {
    let [mut manifest, mut config] = contents.documents.clone();
    for (document, derived) in [
        (&mut manifest, ["config", "layers"].as_slice()),
        (&mut config, &["rootfs"]),
    ] {
        if let Some(fields) = document.as_object_mut() {
            fields.retain(|name, _| !derived.contains(&name.as_str()));
        }
    }
    [manifest, config]
}

/// Fields that differ, each on a line. Lists of one length are compared one by one.
fn settings(before: &Value, after: &Value, path: &str, text: &mut String) {
    let below = |name: &str| {
        let dot = if path.is_empty() { "" } else { "." };
        format!("{path}{dot}{name}")
    };
    match (before, after) {
        _ if before == after => {}
        (Value::Object(old), Value::Object(new)) => {
            for name in both(old.keys(), new.keys()) {
                let field = |fields: &Map<String, Value>| fields.get(name).cloned();
                let (old, new) = (field(old), field(new));
                settings(
                    &old.unwrap_or_default(),
                    &new.unwrap_or_default(),
                    &below(name),
                    text,
                );
            }
        }
        (Value::Array(old), Value::Array(new))
            if old.len() == new.len() && old.iter().any(Value::is_object) =>
        {
            for (at, (old, new)) in old.iter().zip(new).enumerate() {
                settings(old, new, &format!("{path}[{at}]"), text);
            }
        }
        _ => {
            let _ = writeln!(text, "~ {path}: {before} -> {after}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_differ_are_named_by_their_path() {
        let before = serde_json::json!({"config": {"Cmd": ["a"], "User": "1:1"}, "os": "linux"});
        let after = serde_json::json!({"config": {"Cmd": ["b"], "User": "1:1"}, "os": "linux"});
        let mut text = String::new();
        settings(&before, &after, "", &mut text);
        assert_eq!(text, "~ config.Cmd: [\"a\"] -> [\"b\"]\n");
    }
}
