//! What the tool does, by its command line.

mod errors;
mod outputs;
mod semantics;

use crate::{Error, cli, to_json};

/// Runs the tool on a file; `more` are its other arguments.
fn run<S: AsRef<str>>(src: &str, more: &[S]) -> Result<(), Error> {
    let mut words = vec!["yaml", "to-json", "--label=//a:b", "--src-label=//a:x.yaml"];
    let src = format!("--src={src}");
    words.push(&src);
    words.extend(more.iter().map(AsRef::as_ref));
    let words = words.into_iter().map(Into::into);
    let parsed: cli::Arguments = windlass_param_file::parse(words).expect("usage");
    let cli::Command::ToJson(arguments) = parsed.command;
    to_json::run(&arguments)
}
