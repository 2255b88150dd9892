//! Changes as lines for people, of which none can steer a terminal.

use std::ffi::OsString;
use std::fmt;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::FieldChange;

/// Lines around a change in a long value.
const CONTEXT: usize = 2;

/// Whether a text has colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// None: for files, pipes, and people who set `NO_COLOR`.
    #[default]
    Never,
    /// Those of a terminal (ECMA-48: SGR).
    Ansi,
}

impl Colour {
    /// Whether there are colours: on a terminal that can, unless `NO_COLOR` is set
    /// (<https://no-color.org>); elsewhere if `CLICOLOR_FORCE` is (<https://bixense.com/clicolors>).
    /// `var` is the environment of the process.
    pub fn of(is_terminal: bool, var: impl Fn(&str) -> Option<OsString>) -> Self {
        let is_set = |name: &str| var(name).is_some_and(|value| !value.is_empty());
        let is_forced = is_set("CLICOLOR_FORCE") && var("CLICOLOR_FORCE") != Some("0".into());
        let is_dumb = var("TERM").is_none_or(|term| term == "dumb");
        if !is_set("NO_COLOR") && (is_forced || is_terminal && !is_dumb) {
            Self::Ansi
        } else {
            Self::Never
        }
    }
}

/// What a line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Something is new: `+`.
    New,
    /// Something goes: `-`.
    Gone,
    /// Something is another one: `~`.
    Changed,
    /// What is around a change: a space.
    Around,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "+",
            Self::Gone => "-",
            Self::Changed => "~",
            Self::Around => " ",
        })
    }
}

/// One line, and what it tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it tells.
    pub mark: Mark,
    /// The line, with its mark where it is to be seen.
    pub text: String,
}

impl Line {
    /// A heading: the mark, and what it is about.
    pub fn heading(mark: Mark, about: impl fmt::Display) -> Self {
        Self::new(mark, format!("{mark} {about}"))
    }

    /// A line.
    pub fn new(mark: Mark, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { mark, text }
    }

    /// The line as it is printed, without an end.
    pub fn painted(&self, colour: Colour) -> String {
        let line = harmless(&self.text);
        let code = match (colour, self.mark) {
            (Colour::Never, _) | (_, Mark::Around) => return line,
            (Colour::Ansi, Mark::New) => 32,
            (Colour::Ansi, Mark::Gone) => 31,
            (Colour::Ansi, Mark::Changed) => 33,
        };
        format!("\x1b[{code}m{line}\x1b[0m")
    }
}

/// The lines of one field: `    path: old -> new`, or a block where a value is long. `note` stands
/// behind the path or the values.
pub fn field(change: &FieldChange, note: &str) -> Vec<Line> {
    let FieldChange {
        path,
        before,
        after,
    } = change;
    if !is_long(before) && !is_long(after) {
        let line = format!("    {path}: {} -> {}{note}", short(before), short(after));
        return vec![Line::new(Mark::Around, line)];
    }
    let mut lines = vec![Line::new(Mark::Around, format!("    {path}:{note}"))];
    block(before, after, &mut lines);
    lines
}

/// The lines of a whole object.
pub fn object(object: &Value) -> Vec<Line> {
    let text = yaml(object);
    let lines = text.lines();
    lines
        .map(|line| Line::new(Mark::Around, format!("    {line}")))
        .collect()
}

/// Whether a value needs lines of its own.
fn is_long(value: &Value) -> bool {
    match value {
        Value::String(text) => text.trim_end_matches('\n').contains('\n'),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A value on one line; `(none)` where there is none.
pub fn short(value: &Value) -> String {
    match value {
        Value::Null => "(none)".to_owned(),
        value => value.to_string(),
    }
}

/// The lines that go and come, with a little of what stays around them.
fn block(before: &Value, after: &Value, lines: &mut Vec<Line>) {
    let (before, after) = (yaml(before), yaml(after));
    let diff = TextDiff::from_lines(&before, &after);
    for (at, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if at > 0 {
            lines.push(Line::new(Mark::Around, "        ..."));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let mark = match change.tag() {
                ChangeTag::Delete => Mark::Gone,
                ChangeTag::Insert => Mark::New,
                ChangeTag::Equal => Mark::Around,
            };
            let line = change.value().trim_end_matches('\n');
            lines.push(Line::new(mark, format!("      {mark} {line}")));
        }
    }
}

/// A value as YAML; nothing for null. A text of several lines is its lines.
fn yaml(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => format!("{}\n", text.trim_end_matches('\n')),
        value => serde_yaml_ng::to_string(value).unwrap_or_else(|_| format!("{value:#}\n")),
    }
}

/// One line that cannot steer a terminal, whatever somebody wrote into the cluster.
pub fn harmless(line: &str) -> String {
    windlass_report::harmless(line).replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(before: Value, after: Value) -> String {
        let path = "spec.x".to_owned();
        let change = FieldChange {
            path,
            before,
            after,
        };
        let lines = field(&change, "  (a note)").into_iter();
        let lines = lines.map(|line| line.painted(Colour::Never) + "\n");
        lines.collect()
    }

    #[test]
    fn short_values_take_a_line_and_long_ones_a_block() {
        assert_eq!(
            shown(json!(1), Value::Null),
            "    spec.x: 1 -> (none)  (a note)\n"
        );
        assert_eq!(
            shown(json!(["a", "b"]), json!(["a", "c"])),
            "    spec.x:  (a note)\n        - a\n      - - b\n      + - c\n"
        );
    }

    #[test]
    fn colours_are_for_who_wants_them() {
        for (is_terminal, text, want) in [
            (true, "TERM=xterm", Colour::Ansi),
            (true, "TERM=xterm NO_COLOR=", Colour::Ansi),
            (true, "TERM=xterm NO_COLOR=1", Colour::Never),
            (true, "TERM=dumb", Colour::Never),
            (false, "TERM=xterm", Colour::Never),
            (false, "CLICOLOR_FORCE=1", Colour::Ansi),
            (false, "CLICOLOR_FORCE=0", Colour::Never),
            (false, "CLICOLOR_FORCE=1 NO_COLOR=1", Colour::Never),
        ] {
            let var = |name: &str| {
                let mut pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
                let pair = pairs.find(|(key, _)| *key == name);
                pair.map(|(_, value)| value.into())
            };
            assert_eq!(Colour::of(is_terminal, var), want, "{text}");
        }
    }

    #[test]
    fn a_line_cannot_steer_a_terminal() {
        let line = Line::new(Mark::New, "a\u{1b}[2J\nb");
        assert_eq!(line.painted(Colour::Ansi), "\x1b[32ma\\u{1b}[2J\\nb\x1b[0m");
    }
}
