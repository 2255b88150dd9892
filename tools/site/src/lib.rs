//! The documentation as a site, and its commands as a script.
//!
//! | module | what |
//! |---|---|
//! | [`cli`] | what is asked |
//! | [`build`] | the site, by mdBook: an action, which is given all files |
//! | [`commands`] | what `.ci/steps/docs` runs |

pub mod build;
pub mod cli;
pub mod commands;
pub mod error;

use crate::cli::{Cli, Verb};
use crate::error::Error;

/// Does what the command line says, and gives what goes to stdout.
pub fn run(cli: &Cli) -> Result<String, Error> {
    match &cli.verb {
        Verb::Build(arguments) => build::run(arguments).map(|()| String::new()),
        Verb::Commands(arguments) => commands::run(arguments),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;
    use strum::VariantNames as _;
    use windlass_error_cases::{Case, Folder, check};
    use windlass_report::Exit;

    fn site(arguments: &[&str]) -> Result<(), Error> {
        let words = ["site"].iter().chain(arguments);
        run(&Cli::try_parse_from(words).expect("parses")).map(drop)
    }

    fn summary(folder: &Folder, text: &str) -> String {
        folder.file("docs/SUMMARY.md", text)
    }

    const CASES: &[Case<Error>] = &[
        Case {
            variant: "Read",
            exit: Exit::Input,
            text: "error: cannot read `DIR/a.md`\n\
                   cause: No such file or directory (os error 2)\n",
            provoke: |folder| site(&["commands", &folder.path("a.md")]),
        },
        Case {
            variant: "Contents",
            exit: Exit::Usage,
            text: "error: no file is called `SUMMARY.md`, want one: it is the table of contents\n",
            provoke: |folder| {
                let page = folder.file("a.md", "# A\n");
                site(&["build", "--out", &folder.path("site"), &page])
            },
        },
        Case {
            variant: "Outside",
            exit: Exit::Usage,
            text: "error: `DIR/a.md` is not below `DIR/docs`, where `SUMMARY.md` is\n",
            provoke: |folder| {
                let summary = summary(folder, "- [A](a.md)\n");
                let page = folder.file("a.md", "# A\n");
                site(&["build", "--out", &folder.path("site"), &summary, &page])
            },
        },
        Case {
            variant: "Write",
            exit: Exit::Failure,
            text: "error: cannot write `DIR/a.md/site`\n\
                   cause: Not a directory (os error 20)\n",
            provoke: |folder| {
                let page = folder.file("docs/a.md", "# A\n");
                let summary = summary(folder, "- [A](a.md)\n");
                let below = folder.file("a.md", "") + "/site";
                site(&["build", "--out", &below, &summary, &page])
            },
        },
        Case {
            variant: "Book",
            exit: Exit::Input,
            text: "error: mdBook makes no site of `DIR/docs/SUMMARY.md`\n\
                   cause: failed to read chapter `missing.md`: No such file or directory (os error 2)\n",
            provoke: |folder| {
                let summary = summary(folder, "- [A](missing.md)\n");
                site(&["build", "--out", &folder.path("site"), &summary])
            },
        },
    ];

    #[test]
    fn every_error_has_a_case() {
        check(CASES, Error::VARIANTS, |error| error.into());
    }
}
