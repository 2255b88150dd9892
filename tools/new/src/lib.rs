//! Writes a workspace that depends on windlass, or a service in one, from templates.
//!
//! | module | what |
//! |---|---|
//! | [`cli`], [`environment`] | what is asked, parsed once |
//! | [`verbs`] | a file per verb |
//! | [`name`], [`workspace`] | what a name may be, and what there is already |
//! | [`template`], [`tree`] | the files as text, and their way to the disk |
//!
//! **Architecture invariants:** a file that is there is never changed. Of the files of a run, all are written or
//! none. It starts no program and asks no network.

pub mod cli;
pub mod environment;
pub mod error;
pub mod name;
pub mod template;
pub mod tree;
pub mod verbs;
pub mod workspace;

use crate::cli::{Cli, Verb};
use crate::environment::Environment;
use crate::error::Error;

/// What a run has written, or would write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The files, from the root of the workspace.
    pub files: Vec<String>,
    /// What to type next.
    pub next: Vec<String>,
}

impl Outcome {
    /// The files, one a line.
    pub fn list(&self) -> String {
        self.files
            .iter()
            .fold(String::new(), |list, file| list + file + "\n")
    }
}

/// Does what the command line says.
pub fn run(cli: &Cli, environment: &Environment) -> Result<Outcome, Error> {
    match &cli.verb {
        Verb::Repo(arguments) => verbs::repo::run(arguments, environment),
        Verb::Service(arguments) => verbs::service::run(arguments, environment),
    }
}

#[cfg(test)]
mod tests;
