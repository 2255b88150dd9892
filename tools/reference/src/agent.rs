//! `docs/cli/agent.md`.

use std::fmt::Write as _;

use clap::CommandFactory as _;
use windlass_agent::cli::{Cli, EXAMPLES};

use crate::examples::block;
use crate::flags::table;

const HEAD: &str = "\
# Agent: from commits to what runs

`bazel run //tools/agent -- --publish` and `-- --apply`. What they do: [publish.md](../publish.md) and [agent.md](../agent.md). How a run
with `--once` ends: [exit-codes.md](exit-codes.md). This page is what `--help` says, made by `bazel run //:update`.
";

pub(crate) fn page() -> String {
    let mut text = HEAD.to_owned();
    for role in Cli::command().get_subcommands() {
        let about = role.get_about().map(ToString::to_string);
        let (name, about) = (role.get_name(), about.unwrap_or_default());
        let _ = writeln!(text, "\n## --{name}\n\n{about}.\n");
        text += &table(role.get_arguments());
    }
    text + &block(EXAMPLES, &["run by: .ci/steps/production"])
}
