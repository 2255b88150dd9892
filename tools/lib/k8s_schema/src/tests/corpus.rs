//! `cases/<kind>/`: a right object, `twin.json`, and the same with one mistake in each other file.
//! `cases/findings.txt` says what is found, a line a file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::folder;
use crate::Schemas;

/// The files of each kind.
const FILES: [&str; 6] = [
    "missing-field",
    "misspelt-field",
    "twin",
    "wrong-api-version",
    "wrong-enum",
    "wrong-type",
];

fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("is a declared folder");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("lists").path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> &str {
    let name = path.file_stem().and_then(|name| name.to_str());
    name.expect("has a name")
}

fn document(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("is a declared file");
    serde_json::from_str(&text).expect("is JSON")
}

fn kinds() -> Vec<PathBuf> {
    let all = listed(&folder().join("cases"));
    all.into_iter().filter(|path| path.is_dir()).collect()
}

fn versions() -> Vec<Schemas> {
    let read = |path: PathBuf| {
        let text = fs::read_to_string(path).expect("is a declared file");
        Schemas::parse(&text).expect("is a schema")
    };
    let all = listed(&folder().join("kubernetes"));
    all.into_iter().map(read).collect()
}

/// Every value that holds no other, with the way to it.
fn leaves(value: &Value, path: &str, all: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                leaves(value, &format!("{path}.{name}"), all);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                leaves(value, &format!("{path}[{index}]"), all);
            }
        }
        leaf => {
            all.insert(format!("{path}: {leaf}"));
        }
    }
}

#[test]
fn each_kind_has_each_mistake_and_no_file_has_two() {
    assert!(kinds().len() >= 12);
    for kind in kinds() {
        let all = listed(&kind);
        let names: Vec<_> = all.iter().map(|path| name(path)).collect();
        assert_eq!(names, FILES, "{}", kind.display());
        let of = |path: &Path| {
            let mut all = BTreeSet::new();
            leaves(&document(path), "", &mut all);
            all
        };
        let twin = of(&kind.join("twin.json"));
        for path in all.iter().filter(|path| name(path) != "twin") {
            let other = of(path);
            let (gone, come) = (
                twin.difference(&other).count(),
                other.difference(&twin).count(),
            );
            let want = if name(path) == "missing-field" {
                (1, 0)
            } else {
                (1, 1)
            };
            assert_eq!((gone, come), want, "{}", path.display());
        }
    }
}

#[test]
fn a_twin_is_right_in_every_version_and_a_mistake_is_found_in_every_version() {
    let versions = versions();
    assert!(versions.len() > 1);
    for schemas in versions {
        for path in kinds().iter().flat_map(|kind| listed(kind)) {
            let found = schemas.check(&document(&path));
            let want = usize::from(name(&path) != "twin");
            let at = format!("{} {}: {found:?}", schemas.kubernetes(), path.display());
            assert_eq!(found.len(), want, "{at}");
        }
    }
}

#[test]
fn what_is_said_of_each_mistake() {
    let schemas = super::schemas();
    let mut lines = Vec::new();
    for kind in kinds() {
        for path in listed(&kind) {
            for finding in schemas.check(&document(&path)) {
                lines.push(format!("{}/{}: {finding}\n", name(&kind), name(&path)));
            }
        }
    }
    let want = fs::read_to_string(folder().join("cases/findings.txt")).expect("is declared");
    assert_eq!(
        lines.concat(),
        want,
        "cases/findings.txt should be\n{}",
        lines.concat()
    );
}
