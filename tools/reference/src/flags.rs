//! Flags of a command, as a table.

use std::fmt::Write as _;

use clap::Arg;

pub(crate) fn table<'a>(arguments: impl Iterator<Item = &'a Arg>) -> String {
    let mut text = "| flag | what it does |\n|---|---|\n".to_owned();
    text.extend(arguments.map(row));
    text
}

fn row(argument: &Arg) -> String {
    let value = argument.get_value_names().unwrap_or_default().first();
    let value = value.filter(|_| argument.get_action().takes_values());
    let flag = match (argument.get_long(), value) {
        (Some(name), Some(value)) => format!("`--{name}={value}`"),
        (Some(name), None) => format!("`--{name}`"),
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
