//! Commands of a block.

/// A command, as a reader types it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its line in the page, from 1.
    pub line: usize,
    /// The command; one that goes on in the next line has that line too.
    pub text: String,
    /// What it prints, as the page shows it.
    pub output: Vec<String>,
}

/// Each line is a command, but for empty ones and comments. The first stands in line `first`.
pub(crate) fn of_sh(text: &str, first: usize) -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    let mut goes_on = false;
    for (line, part) in (first..).zip(text.lines()) {
        match commands.last_mut() {
            Some(last) if goes_on => go_on(last, part),
            _ if part.trim().is_empty() || part.starts_with('#') => continue,
            _ => commands.push(started(line, part)),
        }
        goes_on = part.ends_with('\\');
    }
    commands
}

/// A command follows `$ `; the lines up to the next one are what it prints.
pub(crate) fn of_console(text: &str, first: usize) -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    let mut goes_on = false;
    for (line, part) in (first..).zip(text.lines()) {
        match (commands.last_mut(), part.strip_prefix("$ ")) {
            (Some(last), _) if goes_on => go_on(last, part),
            (_, Some(command)) => commands.push(started(line, command)),
            (Some(last), None) => {
                last.output.push(part.to_owned());
                continue;
            }
            (None, None) => continue,
        }
        goes_on = part.ends_with('\\');
    }
    commands
}

fn started(line: usize, text: &str) -> Command {
    Command {
        line,
        text: text.to_owned(),
        output: Vec::new(),
    }
}

fn go_on(command: &mut Command, part: &str) {
    command.text.push('\n');
    command.text += part;
}
