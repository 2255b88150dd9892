//! Rules about one file.

use crate::{Finding, Source};
use std::path::Path;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 6] = ["common", "helper", "helpers", "manager", "util", "utils"];

/// Longest file, in lines, tests of Rust files not counted.
const MOST_LINES: [(&str, usize); 2] = [("rs", 600), ("bzl", 300)];

/// Longest `main.rs`, in lines.
const MOST_MAIN_LINES: usize = 30;

/// What must not stand in a kind of file: ending, words, what to do instead.
const BANNED: [(&str, &str, &str); 5] = [
    (
        "bzl",
        "run_shell(",
        "use ctx.actions.run with a tool in Rust",
    ),
    ("bzl", "genrule(", "write a rule"),
    ("bazel", "genrule(", "write a rule"),
    ("bazel", "sh_binary(", "write the tool in Rust"),
    ("rs", "#[allow(", "use #[expect(lint, reason = \"...\")]"),
];

pub(crate) fn check(source: &Source) -> Vec<Finding> {
    if generated(&source.path) {
        return Vec::new();
    }
    let found = lines(source).into_iter().chain(file(source));
    let finding = |(line, text)| Finding {
        path: source.path.clone(),
        line,
        text,
    };
    found.map(finding).collect()
}

/// What is wrong with single lines: the line, from 1, and what to do.
fn lines(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let ending = ending(&source.path);
    for (index, line) in source.text.lines().enumerate() {
        if line.ends_with([' ', '\t']) {
            found.push((
                index + 1,
                "white space at the end of the line; remove it".into(),
            ));
        }
        for (of, words, instead) in BANNED {
            // This file names them to look for them.
            let named = line.contains(&format!("\"{words}")) || source.path.ends_with("text.rs");
            if ending == of && line.contains(words) && !named {
                found.push((index + 1, format!("got `{words}`; {instead}")));
            }
        }
    }
    if !source.text.is_empty() && !source.text.ends_with('\n') {
        let last = source.text.lines().count();
        found.push((last, "the last line has no newline; add one".into()));
    }
    found
}

/// What is wrong with the file as a whole.
fn file(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let ending = ending(&source.path);
    let stem = source
        .path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    if EMPTY_NAMES.contains(&stem.as_ref()) {
        found.push((
            0,
            format!("`{stem}` says nothing; name the file for the thing in it"),
        ));
    }
    if ending == "bzl" && !source.text.starts_with("\"\"\"") {
        let text = "no docstring; say in one sentence what the file is for";
        found.push((1, text.into()));
    }
    let is_test = source.path.components().any(|c| c.as_os_str() == "tests");
    let lines = if is_test && ending == "rs" {
        0
    } else {
        lines_without_tests(&source.text)
    };
    for (of, most) in MOST_LINES {
        if ending == of && lines > most {
            found.push((
                0,
                format!("got {lines} lines, want at most {most}; split it"),
            ));
        }
    }
    let is_main = source.path.ends_with("src/main.rs") && source.path.starts_with("tools");
    if is_main && lines > MOST_MAIN_LINES {
        let text =
            format!("got {lines} lines, want at most {MOST_MAIN_LINES}; move the work to lib.rs");
        found.push((0, text));
    }
    found
}

fn ending(path: &Path) -> &str {
    path.extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default()
}

/// Files that another program writes, and the licence.
fn generated(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    matches!(name, "Cargo.lock" | "LICENSE" | "go.sum")
        || path.components().any(|c| c.as_os_str() == "golden")
}

fn lines_without_tests(text: &str) -> usize {
    text.lines()
        .take_while(|line| *line != "#[cfg(test)]")
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(path: &str, text: &str) -> Vec<String> {
        let source = Source {
            path: path.into(),
            text: text.into(),
        };
        check(&source)
            .into_iter()
            .map(|finding| finding.to_string())
            .collect()
    }

    #[test]
    fn a_tidy_file_has_no_findings() {
        assert!(texts("rules/x.bzl", "\"\"\"X.\"\"\"\n").is_empty());
    }

    #[test]
    fn each_rule_is_found() {
        assert_eq!(
            texts("a.md", "x"),
            ["a.md:1: the last line has no newline; add one"]
        );
        assert_eq!(
            texts("a.md", "x \n"),
            ["a.md:1: white space at the end of the line; remove it"]
        );
        assert_eq!(
            texts("x.bzl", "\"\"\"X.\"\"\"\nctx.actions.run_shell(\n"),
            ["x.bzl:2: got `run_shell(`; use ctx.actions.run with a tool in Rust"]
        );
        assert_eq!(
            texts("x.bzl", "X = 1\n"),
            ["x.bzl:1: no docstring; say in one sentence what the file is for"]
        );
        assert_eq!(
            texts("a/utils.rs", "\n"),
            ["a/utils.rs:0: `utils` says nothing; name the file for the thing in it"]
        );
        assert_eq!(
            texts("tools/a/src/main.rs", &"\n".repeat(31)),
            ["tools/a/src/main.rs:0: got 31 lines, want at most 30; move the work to lib.rs"]
        );
        assert_eq!(
            texts("a.bzl", &format!("\"\"\"A.\"\"\"\n{}", "\n".repeat(300))).len(),
            1
        );
    }

    #[test]
    fn tests_of_a_file_do_not_count() {
        let text = format!("{}#[cfg(test)]\n{}", "\n".repeat(600), "\n".repeat(600));
        assert!(texts("a.rs", &text).is_empty());
        assert!(texts("src/tests/a.rs", &"\n".repeat(700)).is_empty());
    }
}
