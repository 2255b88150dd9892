//! How every tool says what went wrong: one form, one place, and the exit codes.
//!
//! ```text
//! error: cannot push image `//services/server:image` to `localhost:31000/demo/server`
//! cause: PUT /v2/demo/server/manifests/v1: 401 UNAUTHORIZED
//! hint: run `docker login localhost:31000`
//! ```
//!
//! A crate's error enum implements [`Explain`]; `main` hands it to [`fail`]. `Display` of an error
//! never holds its source: the chain is printed here, each cause once.

mod exit;

pub use exit::Exit;

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

/// An error that a user can act on.
pub trait Explain: Error {
    /// Lines of evidence between the causes and the hint: a source excerpt, a pod's last log
    /// lines, what was done so far. Printed as they are.
    fn evidence(&self) -> Vec<String> {
        Vec::new()
    }

    /// One thing to type that would help; `None` where there is none.
    fn hint(&self) -> Option<String> {
        None
    }

    /// The exit code of the process that ends with this error.
    fn exit(&self) -> Exit;
}

/// The text of an error: `error:`, a `cause:` for each source, evidence, and at most one `hint:`.
/// Ends in a newline, and is [`harmless`]: servers, logs and files have their say in it.
pub fn render(error: &dyn Explain) -> String {
    let mut text = format!("error: {error}\n");
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some crates print their source and have it as source too: say it once.
        if !said.contains(&cause_text) {
            let _ = writeln!(text, "cause: {cause_text}");
            said = cause_text;
        }
        source = cause.source();
    }
    for line in error.evidence() {
        let _ = writeln!(text, "{line}");
    }
    if let Some(hint) = error.hint() {
        let _ = writeln!(text, "hint: {hint}");
    }
    harmless(&text)
}

/// A text that cannot steer a terminal, whatever somebody wrote into a cluster or a log: control
/// characters are spelled out, but for the newline and the tab.
pub fn harmless(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && c != '\n' && c != '\t' {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Prints the error on stderr and gives the exit code that `main` returns.
pub fn fail(error: &dyn Explain) -> ExitCode {
    say(render(error).trim_end());
    error.exit().into()
}

/// Writes lines on stderr: everything that is not data goes there. They are made [`harmless`]; a
/// closed stderr is ignored.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", harmless(text));
}

/// Writes data on stdout, as it is.
///
/// # Errors
/// What the operating system says, a closed pipe included.
pub fn print(data: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(data)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read request `x.json`")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("no such file")]
    struct Inner;

    impl Explain for Outer {
        fn hint(&self) -> Option<String> {
            Some("bazel build //x".to_owned())
        }
        fn exit(&self) -> Exit {
            Exit::Input
        }
    }

    #[test]
    fn error_cause_hint() {
        assert_eq!(
            render(&Outer(Inner)),
            "error: cannot read request `x.json`\ncause: no such file\nhint: bazel build //x\n"
        );
    }

    #[derive(Debug, thiserror::Error)]
    #[error("pod\u{9b}2J")]
    struct Steers(#[source] Clears);

    #[derive(Debug, thiserror::Error)]
    #[error("a\tb\rc")]
    struct Clears;

    impl Explain for Steers {
        fn evidence(&self) -> Vec<String> {
            vec!["  | \u{1b}[2J\u{1b}]0;title\u{7}".to_owned()]
        }
        fn hint(&self) -> Option<String> {
            Some("kubectl\u{8}".to_owned())
        }
        fn exit(&self) -> Exit {
            Exit::Rollout
        }
    }

    #[test]
    fn no_part_of_an_error_steers_a_terminal() {
        assert_eq!(
            render(&Steers(Clears)),
            "error: pod\\u{9b}2J\ncause: a\tb\\rc\n  | \\u{1b}[2J\\u{1b}]0;title\\u{7}\nhint: kubectl\\u{8}\n"
        );
    }

    #[derive(Debug, thiserror::Error)]
    #[error("outer: no such file")]
    struct Repeats(#[source] Inner);

    impl Explain for Repeats {
        fn exit(&self) -> Exit {
            Exit::Failure
        }
    }

    #[test]
    fn a_cause_that_was_said_is_not_said_again() {
        assert_eq!(render(&Repeats(Inner)), "error: outer: no such file\n");
    }
}
