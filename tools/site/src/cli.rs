//! The command line.

use clap::{Parser, Subcommand};

use crate::{build, commands};

/// The documentation as a site, and its commands as a script.
#[derive(Clone, Debug, Parser)]
#[command(name = "site", max_term_width = 100)]
pub struct Cli {
    /// What to make.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What the tool can make.
#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Make a folder of HTML, which loads nothing from elsewhere.
    Build(build::Arguments),
    /// Print a script of what pages say is run.
    Commands(commands::Arguments),
}
