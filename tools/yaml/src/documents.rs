//! Documents in words, and names for their files.

use std::collections::HashSet;

use serde_json::Value;

use crate::cli::ToJson;
use crate::{Document, Want};

/// Documents that are listed; a number stands for more.
const LISTED: usize = 100;

/// A line for each document: its number, what it is, and where.
pub fn describe(documents: &[Document]) -> Vec<String> {
    let mut lines: Vec<_> = documents
        .iter()
        .take(LISTED)
        .enumerate()
        .map(|(index, document)| {
            let what = what(&document.value);
            format!("{}: {what}, line {}", index + 1, document.line)
        })
        .collect();
    if let Some(more) = documents.len().checked_sub(LISTED + 1) {
        lines.push(format!("... {} more ...", more + 1));
    }
    lines
}

fn what(document: &Value) -> String {
    match (kind(document), name(document)) {
        (Some(kind), Some(name)) => format!("{kind} `{name}`"),
        (Some(kind), None) => format!("{kind} without a name"),
        (None, _) => match document {
            Value::Object(_) => "a mapping without a kind".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            _ => "a scalar".to_owned(),
        },
    }
}

fn kind(document: &Value) -> Option<&str> {
    document.get("kind")?.as_str()
}

fn name(document: &Value) -> Option<&str> {
    document.get("metadata")?.get("name")?.as_str()
}

/// What to write into the BUILD file.
pub fn hint(arguments: &ToJson, want: Want, documents: &[Document]) -> String {
    let stem = arguments.src.file_stem().unwrap_or_default();
    let stem = stem.to_string_lossy();
    let outs: Vec<_> = names(&stem, documents)
        .iter()
        .map(|name| format!("\"{name}\""))
        .collect();
    let outs = format!("outs = [{}]", outs.join(", "));
    match want {
        Want::Outs(_) => outs,
        Want::Object => {
            let src = &arguments.src_label;
            format!("yaml_to_json(name = \"{stem}\", src = \"{src}\", {outs})")
        }
    }
}

/// A file name for each document, after kind and name, none twice.
fn names(stem: &str, documents: &[Document]) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut names = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        let own = match (kind(&document.value), name(&document.value)) {
            (Some(kind), Some(name)) => format!("{kind}-{name}").to_lowercase(),
            _ => format!("{stem}-{}", index + 1),
        };
        let own = own.replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "-");
        let others = (2..).map(|number| format!("{own}-{number}.json"));
        let free = std::iter::once(format!("{own}.json"))
            .chain(others)
            .find(|name| taken.insert(name.clone()));
        names.extend(free);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load;

    #[test]
    fn names_are_of_kind_and_name_and_none_is_twice() {
        let text = "{kind: Role, metadata: {name: 'system:a'}}\n---\n{kind: Role, metadata: {name: system-a}}\n\
                    ---\n{kind: Role}\n---\n[]\n---\n{kind: Role, metadata: {name: system-a-2}}\n";
        assert_eq!(
            names("my file", &load(text).expect("YAML")),
            [
                "role-system-a.json",
                "role-system-a-2.json",
                "my-file-3.json",
                "my-file-4.json",
                "role-system-a-2-2.json",
            ]
        );
    }

    #[test]
    fn documents_in_words() {
        let text = "# a comment\nkind: Role\nmetadata:\n  name: a\n---\nkind: Role\n---\na: b\n---\n- a\n---\na\n";
        assert_eq!(
            describe(&load(text).expect("YAML")),
            [
                "1: Role `a`, line 2",
                "2: Role without a name, line 6",
                "3: a mapping without a kind, line 8",
                "4: a list, line 10",
                "5: a scalar, line 12",
            ]
        );
    }

    #[test]
    fn many_documents_are_cut_short() {
        let lines = describe(&load(&"--- a\n".repeat(LISTED + 3)).expect("YAML"));
        assert_eq!(lines.len(), LISTED + 1);
        assert_eq!(lines[LISTED], "... 3 more ...");
    }
}
