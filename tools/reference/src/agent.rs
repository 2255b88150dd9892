//! `docs/cli/agent.md`.

use clap::CommandFactory as _;
use windlass_agent::cli::{Cli, EXAMPLES};

use crate::examples::block;
use crate::flags::verbs;

const HEAD: &str = "\
# Agent: from commits to what runs

`bazel run //tools/agent -- --publish` and `-- --apply`. What they do: [publish.md](../publish.md) and [agent.md](../agent.md). How a run
with `--once` ends: [exit-codes.md](exit-codes.md). This page is what `--help` says, made by `bazel run //:update`.
";

pub(crate) fn page() -> String {
    HEAD.to_owned()
        + &verbs(&Cli::command(), "--")
        + &block(EXAMPLES, &["run by: .ci/steps/production"])
}
