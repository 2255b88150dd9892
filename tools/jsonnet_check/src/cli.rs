//! The command line. Bazel's actions give it as `@file`, one argument a line.

use clap::Parser;
use windlass_jsonnet::{Cause, Content, Sources};

/// Check Jsonnet. Without arguments: the test whose request is beside this program.
#[derive(Debug, Clone, Parser)]
#[command(name = "jsonnet_check")]
pub(crate) struct Cli {
    /// What to check.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the tool can check in an action.
#[derive(Debug, Clone, clap::Subcommand)]
pub(crate) enum Command {
    /// Check that each of a target's `deps` is imported.
    Deps(crate::deps::Args),
}

/// What may be imported, and how. PLACE is a file's path below the root of the repository, or
/// `../<repository>/...`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Imports {
    /// A file that may be imported, and its path.
    #[arg(long, num_args = 2, value_names = ["PLACE", "PATH"])]
    pub file: Vec<String>,
    /// A name that a file can be imported by from everywhere.
    #[arg(long, num_args = 2, value_names = ["NAME", "PLACE"])]
    pub import_name: Vec<String>,
    /// A folder to look up imports in.
    #[arg(long, value_name = "PLACE")]
    pub search: Vec<String>,
}

impl Imports {
    /// The same, as the renderer has it.
    ///
    /// # Errors
    /// Two files have one place or one name.
    pub fn sources(&self) -> Result<Sources, Cause> {
        let mut sources = Sources::default();
        for [place, path] in self.file.as_chunks().0 {
            sources.add(place, Content::File(path.clone()))?;
        }
        for [name, place] in self.import_name.as_chunks().0 {
            sources.add_name(name, place)?;
        }
        for folder in &self.search {
            sources.add_search(folder);
        }
        Ok(sources)
    }
}
