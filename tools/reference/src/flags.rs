//! Flags of a command, as a table.

use std::fmt::Write as _;

use clap::{Arg, Command};

pub(crate) fn table<'a>(arguments: impl Iterator<Item = &'a Arg>) -> String {
    let mut text = "| flag | what it does |\n|---|---|\n".to_owned();
    text.extend(arguments.map(row));
    text
}

/// The verbs of a command, each with what it does and its flags. A prefix is typed in front of each name.
pub(crate) fn verbs(command: &Command, prefix: &str) -> String {
    let mut text = String::new();
    for verb in shown_verbs(command) {
        let about = verb.get_long_about().or_else(|| verb.get_about());
        let about = about.map(ToString::to_string).unwrap_or_default();
        let stop = if about.ends_with('.') { "" } else { "." };
        let _ = writeln!(text, "\n## {prefix}{}\n\n{about}{stop}", verb.get_name());
        // One that takes none has no table of them.
        if verb.get_arguments().next().is_some() {
            let _ = write!(text, "\n{}", table(verb.get_arguments()));
        }
    }
    text
}

/// The verbs that `--help` shows.
pub(crate) fn shown_verbs(command: &Command) -> impl Iterator<Item = &Command> {
    let verbs = command.get_subcommands();
    verbs.filter(|verb| !verb.is_hide_set())
}

/// Whether a flag means something without a value too, as `--wait` does.
pub(crate) fn may_lack_value(flag: &Arg) -> bool {
    flag.get_num_args().map(|count| count.min_values()) == Some(0)
}

fn row(argument: &Arg) -> String {
    let value = argument.get_value_names().unwrap_or_default().first();
    let value = value.filter(|_| argument.get_action().takes_values());
    let flag = match (argument.get_long(), value) {
        (Some(name), Some(value)) => format!("`--{name}={value}`"),
        (Some(name), None) => format!("`--{name}`"),
        (None, Some(value)) if !argument.is_last_set() => format!("`{value}`"),
        (None, _) => format!("`-- {}`", value.map_or("", |value| value)),
    };
    let help = argument.get_help().map(ToString::to_string);
    let mut row = format!("| {flag} | {}", help.unwrap_or_default());
    if let [default] = argument.get_default_values() {
        let _ = write!(row, "; `{}` by default", default.display());
    }
    for value in argument.get_possible_values() {
        if let Some(text) = value.get_help() {
            let _ = write!(row, "<br>`{}`: {text}", value.get_name());
        }
    }
    row + " |\n"
}
