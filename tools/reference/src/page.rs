//! `docs/cli/page.md`.

use clap::CommandFactory as _;
use windlass_deployments::cli::{Cli, EXAMPLES};

use crate::examples::block;
use crate::flags::table;

const HEAD: &str = "\
# Page: what is deployed in an environment

`bazel run //tools/page -- --env prod`. What it shows: [eyes.md](../eyes.md). How a run ends:
[exit-codes.md](exit-codes.md). This page is what `--help` says, made by `bazel run //:update`.

";

pub(crate) fn page() -> String {
    let command = Cli::command();
    let about = command.get_long_about().map(ToString::to_string);
    let text = format!("{HEAD}{}\n\n", about.unwrap_or_default());
    text + &table(command.get_arguments()) + &block(EXAMPLES, &["run"])
}
