//! The length of Starlark functions. That of Rust functions is clippy's `too_many_lines`, by
//! `.clippy.toml`; there the way out is `#[expect(clippy::too_many_lines, reason = "...")]`.

use crate::{Finding, Source};

/// Longest function, in lines of code: without documentation, comments, and functions inside.
const MOST_LINES: usize = 70;

/// The line above a function that has to be longer, and says why.
const EXPECTED: &str = "# Long, because ";

pub(crate) fn check(source: &Source) -> Vec<Finding> {
    if source.path.extension().is_none_or(|ending| ending != "bzl") {
        return Vec::new();
    }
    let lines: Vec<&str> = source.text.lines().collect();
    let long = |function: &Function| {
        let above = function
            .line
            .checked_sub(2)
            .map(|index| lines[index].trim());
        let expected = above.is_some_and(|above| above.starts_with(EXPECTED));
        function.lines > MOST_LINES && !expected
    };
    let functions = functions(&lines).into_iter().filter(long);
    functions
        .map(|function| Finding {
            path: source.path.clone(),
            line: function.line,
            text: format!(
                "`{}`: got {} lines, want at most {MOST_LINES}; split it, or say why not above it: \
                 `{EXPECTED}...`",
                function.name, function.lines
            ),
        })
        .collect()
}

#[derive(Debug, PartialEq, Eq)]
struct Function<'a> {
    name: &'a str,
    /// Where it begins, from 1.
    line: usize,
    /// How much code it is.
    lines: usize,
    indent: usize,
}

fn functions<'a>(lines: &[&'a str]) -> Vec<Function<'a>> {
    let mut done = Vec::new();
    // The functions that a line is in, innermost last.
    let mut open: Vec<Function<'a>> = Vec::new();
    let mut in_text = false;
    for (index, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        let quotes = code.matches("\"\"\"").count();
        let documents = in_text || quotes > 0;
        in_text ^= quotes % 2 == 1;
        if code.is_empty() || code.starts_with('#') || documents {
            continue;
        }
        // A bracket closes a function's own parameters.
        let ended = |function: &Function| indent <= function.indent && !code.starts_with(')');
        while let Some(function) = open.pop_if(|function| ended(function)) {
            done.push(function);
        }
        if let Some(rest) = code.strip_prefix("def ") {
            open.push(Function {
                name: rest.split('(').next().unwrap_or_default(),
                line: index + 1,
                lines: 0,
                indent,
            });
        }
        if let Some(function) = open.last_mut() {
            function.lines += 1;
        }
    }
    done.extend(open);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(text: &str) -> Vec<(&str, usize)> {
        let lines: Vec<&str> = text.lines().collect();
        let functions = functions(&lines).into_iter();
        functions
            .map(|function| (function.name, function.lines))
            .collect()
    }

    #[test]
    fn code_counts() {
        let text = "\
X = 1

def outer(
        a):
    \"\"\"One line.\"\"\"

    # A comment.
    b = a

    def inner():
        \"\"\"Two

        of them.
        \"\"\"
        return [
        ]

    return inner

def next():
    pass

Y = 2
";
        assert_eq!(lengths(text), [("inner", 3), ("outer", 4), ("next", 2)]);
    }

    #[test]
    fn a_long_function_is_found_unless_it_says_why() {
        let function = |above: &str, lines| {
            let text = format!("{above}def f():\n{}", "    pass\n".repeat(lines));
            let source = Source {
                path: "a.bzl".into(),
                text,
            };
            let findings = check(&source).into_iter();
            findings
                .map(|finding| finding.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(function("", 69), [""; 0]);
        assert_eq!(
            function("# Why.\n", 70),
            [
                "a.bzl:2: `f`: got 71 lines, want at most 70; split it, or say why not above it: \
                 `# Long, because ...`"
            ]
        );
        assert_eq!(function("# Long, because it is a table.\n", 70), [""; 0]);
    }
}
