//! `docs/cli/dev.md`.

use clap::CommandFactory as _;
use windlass_dev::cli::{Cli, EXAMPLES};

use crate::examples::block;
use crate::flags::table;

const HEAD: &str = "\
# Dev: build and apply on save

`bazel run //services/client:myns.dev`. What it does: [dev.md](../dev.md). How a run ends:
[exit-codes.md](exit-codes.md). This page is what `--help` says, made by `bazel run //:update`.

";

pub(crate) fn page() -> String {
    let command = Cli::command();
    let about = command.get_about().map(ToString::to_string);
    let text = format!("{HEAD}{}.\n\n", about.unwrap_or_default());
    text + &table(command.get_arguments()) + &block(EXAMPLES, &["Ctrl-C ends: .dev", "run"])
}
