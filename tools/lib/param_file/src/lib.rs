//! Arguments as Bazel's actions give them: `@file`, one argument a line (`Args` with the format
//! "multiline").

use std::ffi::OsString;

use windlass_report::{Exit, Explain};

/// Why there are no arguments.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum Error {
    /// They do not parse, or ask for help; clap says it best, and [`clap::Error::exit`] ends the
    /// process as users know it.
    #[error("{}", in_our_form(.0))]
    Usage(clap::Error),
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
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::File { .. } => Exit::Input,
        }
    }
}

/// clap's text; `error:` is in front of it already.
fn in_our_form(usage: &clap::Error) -> String {
    let text = usage.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    text.trim_end().to_owned()
}

/// Parses arguments, the program's name first. `@file` stands for the lines of that file.
///
/// # Errors
/// See [`Error`].
pub fn parse<A: clap::Parser>(arguments: impl IntoIterator<Item = OsString>) -> Result<A, Error> {
    A::try_parse_from(expand(arguments)?).map_err(Error::Usage)
}

/// The arguments with the lines of each `@file` in its place.
///
/// # Errors
/// A file cannot be read.
pub fn expand(arguments: impl IntoIterator<Item = OsString>) -> Result<Vec<OsString>, Error> {
    let mut all = Vec::new();
    for argument in arguments {
        match argument.to_str().and_then(|text| text.strip_prefix('@')) {
            // A label of another module, which a worker gets as it is: Bazel tells the two apart so, too.
            Some(path) if !path.contains("//") => {
                let text = std::fs::read_to_string(path).map_err(|source| Error::File {
                    path: path.to_owned(),
                    source,
                })?;
                all.extend(text.lines().map(OsString::from));
            }
            _ => all.push(argument),
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantNames as _;
    use windlass_error_cases::{Case, check};

    #[derive(Debug, clap::Parser)]
    #[command(name = "words")]
    struct Words {
        words: Vec<String>,
    }

    #[test]
    fn a_file_stands_for_its_lines() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("params");
        std::fs::write(&file, "/a b\n\nc\n").expect("writes");
        let at_file = format!("@{}", file.display());
        let label = "@windlass//prod:cluster";
        let parsed: Words = parse(["x".into(), label.into(), at_file.into()]).expect("parses");
        assert_eq!(parsed.words, [label, "/a b", "", "c"]);
    }

    fn refused(arguments: Vec<OsString>) -> Result<(), Error> {
        parse::<Words>(arguments).map(drop)
    }

    const CASES: &[Case<Error>] = &[
        Case {
            variant: "Usage",
            exit: Exit::Usage,
            text: "error: unexpected argument '--x' found\n\n  \
                     tip: to pass '--x' as a value, use '-- --x'\n\n\
                   Usage: words [WORDS]...\n\n\
                   For more information, try '--help'.\n",
            provoke: |folder| refused(folder.args("words --x")),
        },
        Case {
            variant: "File",
            exit: Exit::Input,
            text: "error: cannot read arguments from `DIR/x`\n\
                   cause: No such file or directory (os error 2)\n",
            provoke: |folder| refused(folder.args("words @DIR/x")),
        },
    ];

    #[test]
    fn every_error_has_a_case() {
        check(CASES, Error::VARIANTS, |error| error.into());
    }
}
