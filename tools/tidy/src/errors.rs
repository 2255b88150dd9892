//! Each error enum of the tools has a test that knows all of its variants.
//!
//! The test compares `Name::VARIANTS` with the cases that it has (see `tools/lib/error_cases`); a
//! variant without a case then fails there. What is left to see from outside is that there is one.

use crate::{Finding, Source};
use std::path::Path;

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let crates: Vec<&Path> = sources
        .iter()
        .filter(|source| source.path.ends_with("Cargo.toml"))
        .filter_map(|source| source.path.parent())
        .filter(|folder| folder.starts_with("tools"))
        .collect();
    crates
        .into_iter()
        .flat_map(|folder| check_crate(folder, sources))
        .collect()
}

fn check_crate(folder: &Path, sources: &[Source]) -> Vec<Finding> {
    let is_rust = |path: &Path| path.extension().is_some_and(|ending| ending == "rs");
    let own: Vec<&Source> = sources
        .iter()
        .filter(|source| source.path.starts_with(folder) && is_rust(&source.path))
        .collect();
    let mut findings = Vec::new();
    for source in own.iter().filter(|source| !in_tests(&source.path)) {
        for (line, name) in error_enums(&source.text) {
            let variants = format!("{name}::VARIANTS");
            if !own.iter().any(|source| names(&source.text, &variants)) {
                let text = format!(
                    "no test has a case for each error of `{name}`; compare its cases with \
                     `{variants}`, as tools/lib/error_cases shows"
                );
                findings.push(Finding {
                    path: source.path.clone(),
                    line,
                    text,
                });
            }
        }
    }
    findings
}

/// Whether a text has this path, and not only as the end of a longer name.
fn names(text: &str, path: &str) -> bool {
    let in_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(path)
        .any(|(start, _)| !text[..start].ends_with(in_name))
}

fn in_tests(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs")
}

/// The enums that derive `thiserror::Error`, outside of tests: line, from 1, and name.
fn error_enums(text: &str) -> Vec<(usize, &str)> {
    let mut enums = Vec::new();
    let mut derived = false;
    for (index, line) in text.lines().enumerate() {
        if line == "#[cfg(test)]" {
            break;
        }
        let mut words = line
            .split_whitespace()
            .filter(|word| !word.starts_with("pub"));
        match words.next() {
            Some("enum") if derived => {
                let name = words.next().unwrap_or_default();
                enums.push((index + 1, name.trim_end_matches('{')));
                derived = false;
            }
            Some("struct" | "enum") => derived = false,
            // Not in the documentation of this or another program.
            Some("//" | "///" | "//!") => {}
            _ => derived |= line.contains("thiserror::Error"),
        }
    }
    enums
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENUM: &str = "#[derive(Debug, thiserror::Error)]\n#[x]\n/// Doc.\npub enum Error {\n}\n";

    fn findings(sources: &[(&str, &str)]) -> Vec<String> {
        let source = |(path, text): &(&str, &str)| Source {
            path: path.into(),
            text: (*text).to_owned(),
        };
        let sources: Vec<Source> = sources.iter().map(source).collect();
        let findings = check(&sources).into_iter();
        findings.map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn an_error_without_cases_is_found() {
        let crates = [
            ("tools/a/Cargo.toml", ""),
            ("tools/a/src/error.rs", ENUM),
            ("tools/b/Cargo.toml", ""),
            ("tools/b/src/tests/errors.rs", "check(&[], Error::VARIANTS)"),
        ];
        assert_eq!(
            findings(&crates),
            [
                "tools/a/src/error.rs:4: no test has a case for each error of `Error`; compare its \
                 cases with `Error::VARIANTS`, as tools/lib/error_cases shows"
            ]
        );
    }

    #[test]
    fn cases_of_a_longer_name_are_of_another_error() {
        let manifest = ("tools/a/Cargo.toml", "");
        let found = |test| {
            let test = ("tools/a/src/tests/errors.rs", test);
            findings(&[manifest, ("tools/a/src/error.rs", ENUM), test]).len()
        };
        assert_eq!(found("check(CASES, RequestError::VARIANTS)"), 1);
        assert_eq!(found("check(CASES, Request_Error::VARIANTS)"), 1);
        assert_eq!(found("[RequestError::VARIANTS, Error::VARIANTS]"), 0);
        assert_eq!(found("check(CASES, crate::Error::VARIANTS)"), 0);
    }

    #[test]
    fn an_error_with_cases_is_not() {
        let manifest = ("tools/a/Cargo.toml", "");
        let test = (
            "tools/a/src/tests/errors.rs",
            "check(CASES, Error::VARIANTS)",
        );
        assert_eq!(
            findings(&[manifest, ("tools/a/src/error.rs", ENUM), test]),
            [""; 0]
        );
        let both = format!("{ENUM}#[cfg(test)]\nmod tests {{ Error::VARIANTS }}\n");
        assert_eq!(
            findings(&[manifest, ("tools/a/src/lib.rs", &both)]),
            [""; 0]
        );
        // Not of a tool.
        assert_eq!(
            findings(&[("services/a/Cargo.toml", ""), ("services/a/e.rs", ENUM)]),
            [""; 0]
        );
    }

    #[test]
    fn enums_that_are_errors() {
        let long = "#[derive(\n    Clone, thiserror::Error,\n)]\npub(crate) enum Why{\n";
        assert_eq!(error_enums(long), [(4, "Why")]);
        assert_eq!(
            error_enums(&format!("{ENUM}enum Plain {{\n")),
            [(4, "Error")]
        );
        assert_eq!(
            error_enums("#[derive(thiserror::Error)]\nstruct A;\nenum B {\n"),
            []
        );
        assert_eq!(
            error_enums("/// #[derive(thiserror::Error)]\nenum B {\n"),
            []
        );
        assert_eq!(
            error_enums(&format!("#[cfg(test)]\nmod tests {{\n{ENUM}")),
            []
        );
    }
}
