//! `image diff`: why two images have two digests.

use crate::Error;
use crate::contents::{Contents, Entry, Kind};
use crate::inspect::{bytes, print};
use crate::platform::Platform;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Shows in which files, modes and settings two images differ.
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

pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let read = |layout| Contents::read(layout, args.platform.as_ref());
    print(&compared(&read(&args.before)?, &read(&args.after)?))
}

pub(crate) fn compared(before: &Contents, after: &Contents) -> String {
    if before.digest == after.digest {
        return format!("the same image, {}\n", before.digest);
    }
    let mut text = String::new();
    let paths: BTreeSet<&String> = before.entries.keys().chain(after.entries.keys()).collect();
    for path in paths {
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
                let _ = writeln!(text, "+ {path}  {}", bytes(entry.size));
            }
            (None, None) => {}
        }
    }
    settings(&json(before), &json(after), "", &mut text);
    if text.is_empty() {
        packed_otherwise(before, after)
    } else {
        text
    }
}

/// The layers of two images that have the same files and settings.
fn packed_otherwise(before: &Contents, after: &Contents) -> String {
    let mut text =
        "the same contents, modes, owners and settings; times or packing differ\n".to_owned();
    let sizes = |contents: &Contents| {
        let sizes = contents.layers.iter().map(|layer| bytes(layer.size));
        sizes.collect::<Vec<_>>().join(", ")
    };
    let _ = writeln!(text, "~ layers  {} -> {}", sizes(before), sizes(after));
    text
}

/// What differs in one entry; which layer it is of does not count.
fn changes(before: &Entry, after: &Entry) -> Vec<String> {
    let mut changes = Vec::new();
    if before.kind != after.kind {
        changes.push(match (&before.kind, &after.kind) {
            (Kind::File(_), Kind::File(_)) if before.size == after.size => {
                format!("content, {} as before", bytes(after.size))
            }
            (Kind::File(_), Kind::File(_)) => {
                format!("content, {} -> {}", bytes(before.size), bytes(after.size))
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
    changes
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

/// The config without what follows from the layers.
fn json(contents: &Contents) -> Value {
    let mut config = serde_json::to_value(&contents.config).expect("plain data");
    if let Some(fields) = config.as_object_mut() {
        fields.shift_remove("rootfs");
        fields.shift_remove("history");
    }
    config
}

/// Fields that differ, each on a line.
fn settings(before: &Value, after: &Value, path: &str, text: &mut String) {
    if before == after {
        return;
    }
    if let (Value::Object(old), Value::Object(new)) = (before, after) {
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            let field = |fields: &serde_json::Map<String, Value>| {
                fields.get(name).cloned().unwrap_or_default()
            };
            settings(&field(old), &field(new), &path, text);
        }
        return;
    }
    let _ = writeln!(text, "~ {path}: {before} -> {after}");
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
