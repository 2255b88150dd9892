//! Jsonnet to JSON, YAML or text, for a build action.
//!
//! One source, the files it may import, and the values given to it go in ([`Request`]); the text
//! of each declared output comes out ([`evaluate`]). Nothing but declared files can be imported,
//! sandbox or not, and nothing is written unless all of it could be rendered ([`run`]).
//!
//! An evaluation is bounded: [`once`] renders in this process and ends it where a bound is met;
//! for Bazel, which asks for many, a [`worker`] lets processes of their own evaluate ([`serve`]).
//!
//! **Architecture invariant:** only [`Sources`] reads files and only `output` writes them; nothing
//! reads the environment. So two renderings of the same request and the same files give the same
//! bytes, if both give any: whether a bound is met depends on the machine (time), and in a warm
//! worker on what it knows already (calls that nest deep are not made again for a known value).

mod apart;
mod bounds;
mod child;
pub mod cli;
mod error;
mod evaluate;
mod explain;
mod form;
mod limits;
pub mod once;
mod output;
mod parameters;
mod process;
mod request;
mod resolver;
pub mod serve;
mod sharing;
mod sources;
mod together;
mod told;
pub mod worker;

pub use error::{Cause, Error};
pub use evaluate::{Evaluator, Rendered, evaluate};
pub use form::{Documents, End, Form, Format};
pub use limits::{Deadline, Limits};
pub use request::{Outputs, Request, Value};
pub use resolver::Resolver;
pub use sources::{Content, Sources};
pub use told::{Told, told};

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;
use windlass_report::Exit;

/// Does what the command line says; `program` is this one, which a worker starts to evaluate.
///
/// # Errors
/// It does not parse, or there is no way to go on. What is wrong with a source is said here.
pub fn start(program: &Path, arguments: Vec<OsString>) -> Result<ExitCode, Error> {
    let usage = windlass_param_file::Error::Usage;
    let persistent = ["--persistent_worker", "--evaluator"].map(OsString::from);
    if arguments
        .iter()
        .any(|argument| persistent.contains(argument))
    {
        let options = cli::Persistent::try_parse_from(arguments).map_err(usage)?;
        let stdin = std::io::stdin();
        if options.evaluator {
            bounds::allocate_in_large_pieces();
            serve::serve(options, stdin);
        } else {
            worker::work(program, options.limits, stdin, std::io::stdout())?;
        }
        return Ok(Exit::Success.into());
    }
    bounds::allocate_in_large_pieces();
    let arguments: cli::Arguments = windlass_param_file::parse(arguments)?;
    once::render_bounded(&arguments, Limits::default())?;
    Ok(Exit::Success.into())
}

#[cfg(test)]
mod tests {
    mod errors;

    use super::*;

    #[test]
    fn outputs_are_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("x.jsonnet"), "{ 'a.json': 1, 'b.json': [2] }").expect("a source");
        let lines = [
            "--label=//x:x".to_owned(),
            "--src=x.jsonnet".to_owned(),
            format!("--file\nx.jsonnet\n{}", path("x.jsonnet")),
            "--multiple".to_owned(),
            format!("--out\na.json\n{}", path("a.json")),
            format!("--out\nb.json\n{}", path("b.json")),
        ];
        std::fs::write(path("x.params"), lines.join("\n") + "\n").expect("a file of arguments");
        let given = ["jsonnet".to_owned(), format!("@{}", path("x.params"))];
        let arguments = windlass_param_file::parse(given.map(Into::into)).expect("usage");
        let arguments: cli::Arguments = arguments;
        let request = Request::try_from(&arguments).expect("a request");
        let limits = Limits::default();
        once::render(request, limits, limits.deadline()).expect("renders");
        let read = |name| std::fs::read_to_string(path(name)).expect("written");
        assert_eq!(
            (read("a.json"), read("b.json")),
            ("1\n".to_owned(), "[\n  2\n]\n".to_owned())
        );
    }
}
