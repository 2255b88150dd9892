//! Runs a public test suite of Jsonnet through the renderer: the folder `testdata` of go-jsonnet,
//! where `x.jsonnet` gives what `x.golden` holds, or fails where that holds an error.
//!
//! Values are compared by their text without the space between tokens: so are the order of keys and
//! the form of numbers. The text of an error is each implementation's own. What differs for a reason
//! stands in a list; a difference that is not in it, and one in it that is gone, is an error.

mod differences;
mod error;
mod outcome;
mod tokens;

use std::path::{Path, PathBuf};

use clap::Parser;

pub use differences::Differences;
pub use error::Error;
pub use outcome::Outcome;

/// Run a suite, and compare what differs with what may.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// The renderer, `//tools/jsonnet`.
    #[arg(long, value_name = "PATH")]
    pub renderer: PathBuf,
    /// The folder of the suite.
    #[arg(long, value_name = "PATH")]
    pub suite: PathBuf,
    /// The differences that are known, a line each: the case's name, and why.
    #[arg(long, value_name = "PATH")]
    pub known: PathBuf,
}

/// Runs all cases of a suite.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let known = Differences::parse(&read(&arguments.known)?)?;
    let sources = sources(&arguments.suite)?;
    let cases: Vec<&str> = sources
        .iter()
        .filter_map(|name| name.strip_suffix(".jsonnet"))
        .filter(|case| is_of_one_value(&arguments.suite, case))
        .collect();
    if cases.is_empty() {
        return Err(Error::Empty {
            folder: arguments.suite.clone(),
        });
    }
    let scratch = tempfile::tempdir();
    let scratch = scratch.map_err(Error::file("write", &std::env::temp_dir()))?;
    let mut differing = Vec::new();
    for case in &cases {
        let want = Outcome::of_golden(&read(&arguments.suite.join(format!("{case}.golden")))?);
        let got = outcome::render(arguments, &sources, case, scratch.path())?;
        if !want.is_same(&got) {
            differing.push(((*case).to_owned(), want, got));
        }
    }
    let (all, reasons) = (cases.len(), known.len());
    known.settle(&differing)?;
    windlass_report::say(&format!(
        "{all} cases: {} as in the suite, {reasons} that differ for a reason",
        all - reasons
    ));
    Ok(())
}

/// Whether a case's output is one JSON value: of several files there is a folder of goldens, and of
/// a text its name says so.
fn is_of_one_value(suite: &Path, case: &str) -> bool {
    !case.ends_with("_string_output") && !suite.join(format!("{case}.golden")).is_dir()
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(Error::file("read", path))
}

/// The names of a folder's files that are no goldens, sorted.
fn sources(folder: &Path) -> Result<Vec<String>, Error> {
    let entries = std::fs::read_dir(folder).map_err(Error::file("read", folder))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry.map_err(Error::file("read", folder))?.path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        names.extend(name.filter(|name| path.is_file() && !name.ends_with(".golden")));
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests;
