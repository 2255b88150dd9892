//! `docs/cli/pin.md`.

use clap::CommandFactory as _;
use windlass_pin::cli::{Cli, EXAMPLES};

use crate::examples::block;
use crate::flags::verbs;

const HEAD: &str = "\
# Pin: what environments run

`bazel run //tools/pin -- list`. What pins are: [pins.md](../pins.md); how they go from one environment to another:
[promotion.md](../promotion.md). How a run ends: [exit-codes.md](exit-codes.md). This page is what `--help` says, made by
`bazel run //:update`.
";

pub(crate) fn page() -> String {
    HEAD.to_owned() + &verbs(&Cli::command(), "") + &block(EXAMPLES, &["run"])
}
