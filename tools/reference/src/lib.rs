//! The pages of `docs/` that are made from the tools: command lines, exit codes, and the schemas of
//! what they print; and the one that is made from the Jsonnet library. `bazel run //:update` writes them, a
//! diff test compares them. Completion for bash is made from the same, and so are manual pages.

mod agent;
mod cluster;
mod completion;
mod deploy;
mod dev;
mod examples;
mod exit_codes;
mod flags;
mod image;
mod jsonnet;
pub mod library;
mod man;
mod new;
mod page;
mod pin;
mod rendered;
mod tools;

use std::path::{Path, PathBuf};

use windlass_report::{Exit, Explain};

/// A page, by the end of its path, and its text.
type Page = (&'static str, fn() -> String);

/// All pages.
const PAGES: &[Page] = &[
    ("cli/agent.md", agent::page),
    ("cli/cluster.md", cluster::page),
    ("cli/deploy.md", deploy::page),
    ("cli/dev.md", dev::page),
    ("cli/exit-codes.md", exit_codes::page),
    ("cli/image.md", image::page),
    ("jsonnet.md", jsonnet::page),
    ("cli/new.md", new::page),
    ("cli/page.md", page::page),
    ("cli/pin.md", pin::page),
    ("cli/rendered.md", rendered::page),
    ("schemas/agent-status.v1.json", || {
        json(&windlass_agent::apply::status::schema())
    }),
    ("schemas/deploy-event.v1.json", || {
        json(&windlass_deploy::schemas::event())
    }),
    ("schemas/deploy-result.v1.json", || {
        json(&windlass_deploy::schemas::result())
    }),
    ("schemas/publish-status.v1.json", || {
        json(&windlass_agent::publish::status::schema())
    }),
    ("schemas/rendered-diff.v1.json", || {
        json(&windlass_rendered::document::schema())
    }),
    ("windlass.bash", completion::page),
];

/// Why a page was not written.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// There is no page of this name.
    #[error("`{}` is no page, want one that ends in {}", path.display(), names())]
    Unknown {
        /// The path.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The path.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Unknown { .. } => Exit::Usage,
            Self::Write { .. } => Exit::Failure,
        }
    }
}

/// Writes the manual pages of all tools into a folder.
///
/// # Errors
/// When one cannot be written.
pub fn write_manual(folder: &Path) -> Result<(), Error> {
    man::write(folder).map_err(|source| Error::Write {
        path: folder.into(),
        source,
    })
}

/// Writes pages; which ones is in the ends of their paths.
pub fn write(paths: &[PathBuf]) -> Result<(), Error> {
    paths.iter().try_for_each(|path| write_one(path))
}

fn write_one(path: &Path) -> Result<(), Error> {
    let page = PAGES.iter().find(|(name, _)| path.ends_with(name));
    let (_, text) = page.ok_or_else(|| Error::Unknown { path: path.into() })?;
    std::fs::write(path, text()).map_err(|source| Error::Write {
        path: path.into(),
        source,
    })
}

fn names() -> String {
    let names = PAGES.iter().map(|(name, _)| format!("`{name}`"));
    names.collect::<Vec<_>>().join(", ")
}

fn json(schema: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(schema).expect("a schema is JSON") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantNames as _;
    use windlass_error_cases::{Case, check};

    const CASES: &[Case<Error>] = &[
        Case {
            variant: "Unknown",
            exit: Exit::Usage,
            text: "error: `DIR/deploy.md` is no page, want one that ends in `cli/agent.md`, \
                   `cli/cluster.md`, `cli/deploy.md`, `cli/dev.md`, `cli/exit-codes.md`, `cli/image.md`, `jsonnet.md`, `cli/new.md`, `cli/page.md`, `cli/pin.md`, \
                   `cli/rendered.md`, `schemas/agent-status.v1.json`, `schemas/deploy-event.v1.json`, `schemas/deploy-result.v1.json`, \
                   `schemas/publish-status.v1.json`, `schemas/rendered-diff.v1.json`, `windlass.bash`\n",
            provoke: |folder| write(&[folder.path("deploy.md").into()]),
        },
        Case {
            variant: "Write",
            exit: Exit::Failure,
            text: "error: cannot write `DIR/cli/deploy.md`\n\
                   cause: No such file or directory (os error 2)\n",
            provoke: |folder| write(&[folder.path("cli/deploy.md").into()]),
        },
    ];

    /// That page is written by hand.
    #[test]
    fn the_table_of_events_has_all_that_there_are() {
        let schema = windlass_deploy::schemas::event();
        let kinds = schema.get("oneOf").and_then(serde_json::Value::as_array);
        let name = |kind: &serde_json::Value| {
            let name = kind["properties"]["type"]["const"].as_str();
            name.expect("a type").to_owned()
        };
        let want: Vec<String> = kinds.expect("kinds").iter().map(name).collect();
        let page = include_str!("../../../docs/deploy.md");
        let table = page.split("| event |").nth(1).expect("a table");
        let rows = table.lines().skip(2).take_while(|row| row.starts_with('|'));
        let first = rows.filter_map(|row| row.split('|').nth(1));
        let names = first.flat_map(|names| names.split(','));
        let got: Vec<&str> = names.map(|name| name.trim().trim_matches('`')).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn every_error_has_a_case() {
        check(CASES, Error::VARIANTS, |error| error.into());
    }
}
