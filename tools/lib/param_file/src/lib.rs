//! Arguments as Bazel's actions give them: `@file`, one argument a line (`Args` with the format
//! "multiline").

use std::ffi::OsString;

use windlass_report::{Exit, Explain};

/// Why there are no arguments.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// They do not parse; clap says it best.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// The file of arguments cannot be read.
    #[error("cannot read arguments from `{path}`")]
    File {
        /// The file, without `@`.
        path: String,
        /// What the operating system says.
        source: std::io::Error,
    },
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// Parses arguments, the program's name first. `@file` stands for the lines of that file.
///
/// # Errors
/// See [`Error`].
pub fn parse<A: clap::Parser>(arguments: impl IntoIterator<Item = OsString>) -> Result<A, Error> {
    let mut all = Vec::new();
    for argument in arguments {
        match argument.to_str().and_then(|text| text.strip_prefix('@')) {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|source| Error::File {
                    path: path.to_owned(),
                    source,
                })?;
                all.extend(text.lines().map(OsString::from));
            }
            None => all.push(argument),
        }
    }
    Ok(A::try_parse_from(all)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Words {
        words: Vec<String>,
    }

    #[test]
    fn a_file_stands_for_its_lines() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("params");
        std::fs::write(&file, "/a b\n\nc\n").expect("writes");
        let at_file = format!("@{}", file.display());
        let parsed: Words = parse(["x".into(), "d".into(), at_file.into()]).expect("parses");
        assert_eq!(parsed.words, ["d", "/a b", "", "c"]);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = parse::<Words>(["x".into(), "@/nowhere/x".into()]).expect_err("no such file");
        assert_eq!(error.to_string(), "cannot read arguments from `/nowhere/x`");
    }
}
