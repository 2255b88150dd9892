//! What there is in a workspace, as far as a new service has to know.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// The names of files that make a folder a workspace.
pub const MARKS: &[&str] = &["MODULE.bazel", "WORKSPACE", "WORKSPACE.bazel"];

/// The crates that the templates use.
const CRATES: &[&str] = &[
    "clap",
    "prost",
    "protox",
    "tokio",
    "tonic",
    "tonic-health",
    "tonic-prost",
    "tonic-prost-build",
];

/// A workspace that a service can be added to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Its root.
    pub root: PathBuf,
    /// Whether it is that of windlass, whose rules need no `@windlass`.
    pub is_windlass: bool,
    /// The repository of its crates.
    pub crates: String,
}

impl Workspace {
    /// Reads what there is.
    pub fn read(root: &Path) -> Result<Self, Error> {
        let read = |name: &str| {
            let path = root.join(name);
            fs::read_to_string(&path).map_err(|source| Error::Read { path, source })
        };
        let module = read("MODULE.bazel")?;
        let crates = crates(&module).ok_or(Error::NoCrates)?;
        let manifest = read("Cargo.toml")?;
        let has = |name: &&&str| manifest.lines().any(|line| key(line) == Some(**name));
        let names: Vec<_> = CRATES.iter().filter(|name| !has(name)).copied().collect();
        if !names.is_empty() {
            return Err(Error::MissingCrates { names });
        }
        let rules = read("prod/k8s.bzl")?;
        for name in ["NAMESPACES", "service"] {
            let assigned = format!("{name} =");
            if !rules.lines().any(|line| line.starts_with(&assigned)) {
                return Err(Error::NoRules { name });
            }
        }
        Ok(Self {
            root: root.to_owned(),
            is_windlass: is_windlass(&module),
            crates: crates.to_owned(),
        })
    }

    /// Checks that a service can be called: its BUILD file has one that renders a `service.json`.
    pub fn check_callable(&self, label: &str, package: &str) -> Result<(), Error> {
        let folder = self.root.join(package);
        let names = ["BUILD.bazel", "BUILD"];
        let text = names
            .iter()
            .find_map(|name| fs::read_to_string(folder.join(name)).ok());
        match text {
            None => Err(Error::NoPackage {
                label: label.to_owned(),
                nearest: self.nearest(package),
            }),
            Some(text) if text.contains("\"service.json\"") => Ok(()),
            Some(_) => Err(Error::NoService {
                label: label.to_owned(),
            }),
        }
    }

    /// The package beside one that is not there that it is probably a slip of.
    fn nearest(&self, package: &str) -> Option<String> {
        let (parent, name) = package.rsplit_once('/').unwrap_or(("", package));
        let entries = fs::read_dir(self.root.join(parent)).ok()?;
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.sort();
        let near = windlass_nearest::nearest(name, names.iter().map(String::as_str))?;
        let slash = if parent.is_empty() { "" } else { "/" };
        Some(format!("//{parent}{slash}{near}"))
    }
}

/// Whether a `MODULE.bazel` is that of windlass.
pub fn is_windlass(module: &str) -> bool {
    let call = module
        .split_once("\nmodule(")
        .and_then(|(_, rest)| rest.split_once(')'));
    call.is_some_and(|(call, _)| call.contains("name = \"windlass\""))
}

/// The version by which a `MODULE.bazel` has a module; of `module` its own.
pub fn version<'a>(module: &'a str, start: &str) -> Option<&'a str> {
    let (_, rest) = module.split_once(start)?;
    let (_, rest) = rest.split_once("version = \"")?;
    rest.split_once('"').map(|(version, _)| version)
}

/// The name by which a `MODULE.bazel` has the repository of crates: the first of `use_repo(crate, ...)`.
fn crates(module: &str) -> Option<&str> {
    let lines = module.split("\nuse_repo(").skip(1);
    lines
        .filter_map(|call| call.split_once(')'))
        .find_map(|(call, _)| {
            let mut words = call.split(',').map(str::trim);
            if words.next() != Some("crate") {
                return None;
            }
            let name = words.next()?;
            let name = name.split_once('=').map_or(name, |(name, _)| name);
            Some(name.trim().trim_matches('"'))
        })
}

/// What a line of TOML gives a value: `tokio` of `tokio = "1"` and of `tokio.workspace = true`.
fn key(line: &str) -> Option<&str> {
    let (key, _) = line.split_once('=')?;
    let key = key.trim();
    Some(key.split_once('.').map_or(key, |(key, _)| key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &str = include_str!("../../../MODULE.bazel");

    #[test]
    fn what_a_module_says() {
        assert!(is_windlass(MODULE));
        assert_eq!(crates(MODULE), Some("windlass_crates"));
        let other = "\"\"\"A\"\"\"\n\nmodule(name = \"shop\")\nbazel_dep(name = \"windlass\")\n\
                     use_repo(rust, \"a\")\nuse_repo(crate, mine = \"crates\", other = \"b\")\n";
        assert!(!is_windlass(other));
        assert_eq!(crates(other), Some("mine"));
        assert_eq!(
            crates("\nmodule(name = \"shop\")\n#\nuse_repo(crates_io, \"a\")\n"),
            None
        );
    }

    #[test]
    fn keys_of_toml() {
        for (line, want) in [
            ("tokio = { version = \"1\" }", Some("tokio")),
            ("tokio.workspace = true", Some("tokio")),
            ("[dependencies]", None),
            ("# tonic = \"1\"", Some("# tonic")),
        ] {
            assert_eq!(key(line), want);
        }
    }
}
