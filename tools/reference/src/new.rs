//! `docs/cli/new.md`.

use std::fmt::Write as _;

use clap::CommandFactory as _;
use windlass_new::cli::{Cli, EXAMPLES};

use crate::examples::block;
use crate::flags::table;

const HEAD: &str = "\
# New: a workspace, and a service in one

`bazel run @windlass//tools/new -- service greeter --deps //services/hello`; in windlass itself `//tools/new`. How it is used:
[adoption.md](../adoption.md). How a run ends: [exit-codes.md](exit-codes.md). This page is what `--help` says, made by
`bazel run //:update`.

The files are printed on stdout, one a line. One that is there is never changed: a run writes all of its files or none.
";

pub(crate) fn page() -> String {
    let mut text = HEAD.to_owned();
    for verb in Cli::command().get_subcommands() {
        let about = verb.get_about().map(ToString::to_string);
        let (name, about) = (verb.get_name(), about.unwrap_or_default());
        let _ = write!(text, "\n## {name}\n\n{about}.\n\n");
        text += &table(verb.get_arguments());
    }
    text + &block(EXAMPLES, &["run by: .ci/steps/consumer"])
}
