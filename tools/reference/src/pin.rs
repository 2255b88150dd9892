//! `docs/cli/pin.md`.

use std::fmt::Write as _;

use clap::CommandFactory as _;
use windlass_pin::cli::{Cli, EXAMPLES};

use crate::examples::block;
use crate::flags::table;

const HEAD: &str = "\
# Pin: what environments run

`bazel run //tools/pin -- list`. What pins are: [pins.md](../pins.md); how they go from one environment to another:
[promotion.md](../promotion.md). How a run ends: [exit-codes.md](exit-codes.md). This page is what `--help` says, made by
`bazel run //:update`.
";

pub(crate) fn page() -> String {
    let mut text = HEAD.to_owned();
    for verb in Cli::command().get_subcommands() {
        let about = verb.get_about().map(ToString::to_string);
        let (name, about) = (verb.get_name(), about.unwrap_or_default());
        let _ = writeln!(text, "\n## {name}\n\n{about}.");
        // One that takes none has no table of them.
        if verb.get_arguments().next().is_some() {
            let _ = write!(text, "\n{}", table(verb.get_arguments()));
        }
    }
    text + &block(EXAMPLES, &["run"])
}
