//! `docs/cli/deploy.md`.

use std::fmt::Write as _;

use clap::{Arg, CommandFactory as _};
use windlass_deploy::cli::Options;
use windlass_deploy::help::{VERBS, VerbHelp, command, example, run_command};
use windlass_deploy::request::Verb;

use crate::flags::may_lack_value;

/// What examples are made with.
const TARGET: &str = "//services/client:myns-deep";

const HEAD: &str = "\
# Deploy: the verbs of a target

`bazel run //services/client:myns-deep.apply` is verb `apply` of target `//services/client:myns-deep`. [Flags](#flags) stand after
`--`; one that a verb has no use for is refused. In an unpacked [bundle](../bundles.md) the same is `./windlass apply`. This page is what
`--help` says, made by `bazel run //:update`.

How a run ends: [exit-codes.md](exit-codes.md). What it tells programs: [deploy.md](../deploy.md#results-for-machines).

| verb | what it does |
|---|---|
";

pub(crate) fn page() -> String {
    let mut text = HEAD.to_owned();
    for help in VERBS {
        let name = help.verb.as_str();
        let first = help.about.lines().next().unwrap_or_default();
        let _ = writeln!(text, "| [{name}](#{name}) | {first} |");
    }
    text.extend(VERBS.iter().map(verb));
    text += "\n## Flags\n\n| flag | what it does |\n|---|---|\n";
    text.extend(Options::command().get_arguments().map(row));
    text
}

/// What there is to say of a verb.
fn verb(help: &VerbHelp) -> String {
    let name = help.verb.as_str();
    let target = match help.verb {
        Verb::Orphans => "//prod:orphans.myns",
        // Redis takes half a minute to come up anew.
        Verb::Create | Verb::Replace => "//services/client:myns-shallow",
        _ => TARGET,
    };
    let command = command(target, help.verb);
    let shown = command.get_arguments().filter(|flag| !flag.is_hide_set());
    let flags: Vec<String> = shown.map(flag).collect();
    let flags = match flags.as_slice() {
        [] => "No flags.".to_owned(),
        flags => format!("Flags: {}.", flags.join(", ")),
    };
    let marks: String = marks(help.verb).iter().map(mark).collect();
    let mut text = format!("\n## {name}\n\n{}\n\n{flags}\n\n{marks}```sh\n", help.about);
    let run = run_command(target, help.verb);
    for (flags, what) in help.examples {
        let _ = writeln!(text, "# {what}\n{}", example(&run, flags));
    }
    text + "```\n"
}

/// What `.ci/steps/docs` is told, which runs all examples in the order of the page.
fn marks(verb: Verb) -> &'static [&'static str] {
    match verb {
        Verb::Create => &[
            "before: bazel run //services/client:myns-shallow.delete",
            "run",
        ],
        Verb::Diff => &["before: bazel run //services/client:myns-deep.apply", "run"],
        Verb::Logs => &["Ctrl-C ends: --follow", "run"],
        Verb::PortForward => &["Ctrl-C ends: port-forward", "run"],
        Verb::Resolve => &[
            "not run: windlass has applied the stack already; //e2e:stack_test does it where nothing is",
        ],
        Verb::Worker => &["before: bazel run //prod:runner-setup.apply", "run"],
        _ => &["run"],
    }
}

fn mark(text: &&str) -> String {
    format!("<!-- {text} -->\n")
}

/// `` `--wait[=BOOL]` ``.
fn flag(argument: &Arg) -> String {
    let name = argument.get_id().as_str().replace('_', "-");
    let value = argument.get_value_names().unwrap_or_default().first();
    let value = value.filter(|_| argument.get_action().takes_values());
    match value {
        None => format!("`--{name}`"),
        Some(value) if may_lack_value(argument) => format!("`--{name}[={value}]`"),
        Some(value) => format!("`--{name}={value}`"),
    }
}

/// A row of the table of flags, with the verbs that it is for.
fn row(argument: &Arg) -> String {
    let help = argument.get_help().map(ToString::to_string);
    let mut row = format!("| {} | {}", flag(argument), help.unwrap_or_default());
    for value in argument.get_possible_values() {
        if let Some(text) = value.get_help() {
            let _ = write!(row, "<br>`{}`: {text}", value.get_name());
        }
    }
    row + " |\n"
}
