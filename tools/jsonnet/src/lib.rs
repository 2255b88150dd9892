//! Jsonnet to JSON, YAML or text, for a build action.
//!
//! One source, the files it may import, and the values given to it go in ([`Request`]); the text
//! of each declared output comes out ([`evaluate`]). Nothing but declared files can be imported,
//! sandbox or not, and nothing is written unless all of it could be rendered ([`run`]).
//!
//! **Architecture invariant:** only [`cli::parse`], [`Sources`] and [`run`] touch files, only
//! [`run`] the terminal; nothing reads the environment, so the same request gives the same bytes.

pub mod cli;
mod error;
mod evaluate;
mod explain;
mod form;
mod request;
mod sources;

pub use error::{Cause, Error};
pub use evaluate::{Rendered, evaluate};
pub use form::{Documents, End, Form, Format};
pub use request::{Outputs, Request, Value};
pub use sources::{Content, Sources};

/// Renders what the arguments say, and writes the outputs when all of them could be rendered.
/// What `std.trace` said goes to stderr, line by line.
pub fn run(arguments: &cli::Arguments) -> Result<(), Error> {
    let request = Request::try_from(arguments)?;
    let rendered = evaluate(&request);
    for line in &rendered.traces {
        windlass_report::say(line);
    }
    let label = &request.label;
    let files = rendered.files.map_err(|cause| Error::Render {
        label: label.clone(),
        cause,
    })?;
    for (path, text) in files {
        // Only in a folder of outputs may it be that there is none.
        let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        folder
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|source| Error::Write { path, source })?;
    }
    Ok(())
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
        run(&arguments).expect("renders");
        let read = |name| std::fs::read_to_string(path(name)).expect("written");
        assert_eq!(
            (read("a.json"), read("b.json")),
            ("1\n".to_owned(), "[\n  2\n]\n".to_owned())
        );
    }
}
