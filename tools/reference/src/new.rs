//! `docs/cli/new.md`.

use clap::CommandFactory as _;
use windlass_new::cli::{Cli, EXAMPLES};

use crate::examples::block;
use crate::flags::verbs;

const HEAD: &str = "\
# New: a workspace, and a service in one

`bazel run @windlass//tools/new -- service greeter --deps //services/hello`; in windlass itself `//tools/new`. How it is used:
[adoption.md](../adoption.md). How a run ends: [exit-codes.md](exit-codes.md). This page is what `--help` says, made by
`bazel run //:update`.

The files are printed on stdout, one a line. One that is there is never changed: a run writes all of its files or none.
";

pub(crate) fn page() -> String {
    HEAD.to_owned()
        + &verbs(&Cli::command(), "")
        + &block(EXAMPLES, &["run by: .ci/steps/consumer"])
}
