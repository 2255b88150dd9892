//! Jsonnet to JSON, for a build action.
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
mod request;
mod sources;

pub use error::{Cause, Error};
pub use evaluate::{Rendered, evaluate};
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
        std::fs::write(&path, text).map_err(|source| Error::Write { path, source })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use windlass_report::{Exit, Explain, render};

    use super::*;

    /// Arguments to render `code` to `a.json` and `b.json` of a folder.
    fn arguments(folder: &Path, code: &str) -> cli::Arguments {
        let path = |name: &str| folder.join(name).display().to_string();
        std::fs::create_dir_all(folder).expect("a folder");
        std::fs::write(path("x.jsonnet"), code).expect("a source");
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
        windlass_param_file::parse(given.map(Into::into)).expect("usage")
    }

    fn folder(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("windlass-jsonnet-{}-{name}", std::process::id()))
    }

    #[test]
    fn outputs_are_written() {
        let folder = folder("written");
        run(&arguments(&folder, "{ 'a.json': 1, 'b.json': [2] }")).expect("renders");
        let read = |name| std::fs::read_to_string(folder.join(name)).expect("written");
        assert_eq!(
            (read("a.json"), read("b.json")),
            ("1\n".to_owned(), "[\n  2\n]\n".to_owned())
        );
        std::fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn an_error_has_the_form_of_the_house_and_nothing_is_written() {
        let folder = folder("failed");
        let error = run(&arguments(
            &folder,
            "{ 'a.json': 1, 'b.json': error 'why' }",
        ));
        let error = error.expect_err("fails");
        let source = folder.join("x.jsonnet");
        assert_eq!(
            render(&error),
            format!(
                "error: cannot render `//x:x`\n\
                 cause: {}:1:26: why\n  \
                   1 | {{ 'a.json': 1, 'b.json': error 'why' }}\n    \
                     |                          ^^^^^\n  \
                   in output `b.json`\n",
                source.display()
            )
        );
        assert_eq!(error.exit(), Exit::Input);
        assert!(!folder.join("a.json").exists());
        std::fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn an_output_that_cannot_be_written_is_named() {
        let folder = folder("unwritable");
        let arguments = arguments(&folder, "{ 'a.json': 1, 'b.json': 2 }");
        std::fs::create_dir(folder.join("a.json")).expect("in the way");
        let error = run(&arguments).expect_err("a folder is in the way");
        let want = format!("cannot write `{}`", folder.join("a.json").display());
        assert_eq!((error.to_string(), error.exit()), (want, Exit::Failure));
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
