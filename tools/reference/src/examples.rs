//! Examples that stand at the end of a tool's `--help`, as a block of commands.

use std::fmt::Write as _;

/// The block, with comments for `.ci/steps/docs` in front of it.
pub(crate) fn block(help: &str, marks: &[&str]) -> String {
    let mut text = String::from("\n## Examples\n\n");
    for mark in marks {
        let _ = writeln!(text, "<!-- {mark} -->");
    }
    text += "```sh\n";
    let lines: Vec<&str> = help.lines().skip(1).collect();
    for pair in lines.chunks(2) {
        let [command, what] = pair else { continue };
        let _ = writeln!(text, "# {}\n{}", what.trim(), command.trim());
    }
    text + "```\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_help_are_commands_with_comments() {
        let help = "Examples:\n  bazel run //a -- b\n      what it does";
        assert_eq!(
            block(help, &["run"]),
            "\n## Examples\n\n<!-- run -->\n```sh\n# what it does\nbazel run //a -- b\n```\n"
        );
    }
}
