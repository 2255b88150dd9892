//! What Cargo and Bazel must say alike: the list of lints, and the list of crates.

use crate::{Finding, Source};
use std::collections::BTreeSet;

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let text = |name: &str| {
        let found = sources.iter().find(|source| source.path == *name);
        found.map(|source| source.text.as_str()).unwrap_or_default()
    };
    let manifest = text("Cargo.toml");
    let mut findings = differences(
        ".bazelrc",
        &lints_of_cargo(manifest),
        &lints_of_bazelrc(text(".bazelrc")),
        "the lints of Cargo.toml",
    );
    findings.extend(differences(
        "MODULE.bazel",
        &members(manifest),
        &manifests(text("MODULE.bazel")),
        "the members of Cargo.toml",
    ));
    findings.extend(without_checksum(text("Cargo.lock")));
    findings
}

/// Packages of a registry that Cargo.lock does not fix by a hash.
fn without_checksum(lock: &str) -> Vec<Finding> {
    let packages = lock.split("[[package]]").skip(1);
    let loose =
        packages.filter(|one| one.contains("\nsource = ") && !one.contains("\nchecksum = \""));
    let name = |one: &str| one.lines().nth(1).unwrap_or_default().to_owned();
    loose
        .map(|one| Finding {
            path: "Cargo.lock".into(),
            line: 0,
            text: format!(
                "a package without a checksum: {}; run cargo update for it",
                name(one)
            ),
        })
        .collect()
}

fn differences(
    path: &str,
    want: &BTreeSet<String>,
    got: &BTreeSet<String>,
    of: &str,
) -> Vec<Finding> {
    let finding = |text: String| Finding {
        path: path.into(),
        line: 0,
        text,
    };
    let missing = want
        .difference(got)
        .map(|name| finding(format!("`{name}` is missing, which is one of {of}")));
    let extra = got
        .difference(want)
        .map(|name| finding(format!("`{name}` is not one of {of}")));
    missing.chain(extra).collect()
}

/// `[workspace.lints.*]` as flags: `missing_docs = "deny"` -> `-Dmissing_docs`.
fn lints_of_cargo(text: &str) -> BTreeSet<String> {
    let mut prefix = None;
    let mut lints = BTreeSet::new();
    for line in text.lines() {
        if line.starts_with('[') {
            prefix = match line {
                "[workspace.lints.rust]" => Some(""),
                "[workspace.lints.clippy]" => Some("clippy::"),
                _ => None,
            };
        } else if let (Some(prefix), Some((name, level))) = (prefix, line.split_once('='))
            && !line.starts_with('#')
        {
            let letter = if level.contains("\"deny\"") { 'D' } else { 'A' };
            lints.insert(format!("-{letter}{prefix}{}", name.trim()));
        }
    }
    lints
}

fn lints_of_bazelrc(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once("settings:clippy_flag="))
        .map(|(_, flag)| flag.to_owned())
        .collect()
}

/// The `members = [...]` of the workspace.
fn members(text: &str) -> BTreeSet<String> {
    let list = text
        .split_once("members = [")
        .and_then(|(_, rest)| rest.split_once(']'));
    list.map(|(list, _)| quoted(list)).unwrap_or_default()
}

/// The packages of `manifests = ["//a/b:Cargo.toml", ...]`, the root's own left out.
fn manifests(text: &str) -> BTreeSet<String> {
    let names = quoted(text);
    let packages = names
        .iter()
        .filter_map(|name| name.strip_suffix(":Cargo.toml")?.strip_prefix("//"));
    packages
        .filter(|package| !package.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

fn quoted(text: &str) -> BTreeSet<String> {
    text.split('"')
        .skip(1)
        .step_by(2)
        .map(ToOwned::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(cargo: &str, bazelrc: &str, module: &str) -> Vec<String> {
        let sources = [
            ("Cargo.toml", cargo),
            (".bazelrc", bazelrc),
            ("MODULE.bazel", module),
        ]
        .map(|(path, text)| Source {
            path: path.into(),
            text: text.into(),
        });
        check(&sources)
            .into_iter()
            .map(|finding| finding.to_string())
            .collect()
    }

    #[test]
    fn the_same_lints_and_crates() {
        let cargo = "members = [\n    \"a/b\",\n]\n[workspace.lints.rust]\nx = \"deny\"\n[workspace.lints.clippy]\n\
                     pedantic = { level = \"deny\", priority = -1 }\nz = \"allow\"\n";
        let bazelrc = "build --@r//rust/settings:clippy_flag=-Dx\nbuild --@r//rust/settings:clippy_flag=-Dclippy::pedantic\n\
                       build --@r//rust/settings:clippy_flag=-Aclippy::z\n";
        assert_eq!(
            findings(cargo, bazelrc, "[\"//:Cargo.toml\", \"//a/b:Cargo.toml\"]"),
            [""; 0]
        );
    }

    #[test]
    fn a_lint_or_crate_on_one_side_only() {
        let cargo = "members = [\"a\"]\n[workspace.lints.rust]\nx = \"deny\"\n";
        assert_eq!(
            findings(
                cargo,
                "build --@r//rust/settings:clippy_flag=-Dy\n",
                "\"//b:Cargo.toml\""
            ),
            [
                ".bazelrc:0: `-Dx` is missing, which is one of the lints of Cargo.toml",
                ".bazelrc:0: `-Dy` is not one of the lints of Cargo.toml",
                "MODULE.bazel:0: `a` is missing, which is one of the members of Cargo.toml",
                "MODULE.bazel:0: `b` is not one of the members of Cargo.toml",
            ]
        );
    }

    #[test]
    fn a_package_that_no_hash_fixes() {
        let lock = "version = 4\n\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n\n\
                    [[package]]\nname = \"a\"\nsource = \"registry\"\nchecksum = \"00\"\n\n\
                    [[package]]\nname = \"b\"\nsource = \"registry\"\n";
        let texts: Vec<String> = without_checksum(lock)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            texts,
            ["Cargo.lock:0: a package without a checksum: name = \"b\"; run cargo update for it"]
        );
    }
}
