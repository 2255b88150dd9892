//! What a source gives: a value or an error.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::tokens::compact;
use crate::{Arguments, Error};

/// What a source gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// JSON, without space between tokens.
    Value(String),
    /// The error's first line.
    Failed(String),
    /// Neither: the renderer was ended by a signal, or had another fault of its own.
    Broken(String),
}

impl Outcome {
    /// What a golden file wants. A suite has errors in them as a person reads them.
    pub(crate) fn of_golden(text: &str) -> Self {
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(_) => Self::Value(compact(text)),
            Err(_) => Self::Failed(text.lines().next().unwrap_or_default().to_owned()),
        }
    }

    /// Whether both are the same value, or both an error.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Value(one), Self::Value(other)) => one == other,
            (Self::Failed(_), Self::Failed(_)) => true,
            _ => false,
        }
    }
}

/// What `go-jsonnet` gives its tests (`main_test.go`): variables as strings, and as code.
const STRINGS: &str = r#"{"stringVar": "2 + 2"}"#;
const CODE: &str = r#"{
    "codeVar": "3 + 3", "errorVar": "error 'xxx'", "staticErrorVar": ")", "UndeclaredX": "x",
    "selfRecursiveVar": "[42, std.extVar(\"selfRecursiveVar\")[0] + 1]",
    "mutuallyRecursiveVar1": "[42, std.extVar(\"mutuallyRecursiveVar2\")[0] + 1]",
    "mutuallyRecursiveVar2": "[42, std.extVar(\"mutuallyRecursiveVar1\")[0] + 1]"
}"#;

/// Renders a case by the tool itself, a process each: one that crashes ends no other.
pub(crate) fn render(
    arguments: &Arguments,
    sources: &[String],
    case: &str,
    scratch: &Path,
) -> Result<Outcome, Error> {
    let (parameters, output) = (scratch.join("params"), scratch.join("out.json"));
    let suite = arguments.suite.display();
    let mut lines = vec![
        "--label=//suite".to_owned(),
        format!("--src=testdata/{case}.jsonnet"),
    ];
    lines.extend(sources.iter().flat_map(|name| {
        let place = format!("testdata/{name}");
        ["--file".to_owned(), place, format!("{suite}/{name}")]
    }));
    if case.starts_with("extvar_") {
        let code = CODE.replace('\n', "");
        lines.extend(["--ext-strs", STRINGS, "--ext-code", &code].map(str::to_owned));
    }
    lines.extend([
        "--out".into(),
        "out.json".into(),
        output.display().to_string(),
    ]);
    std::fs::write(&parameters, lines.join("\n") + "\n")
        .map_err(Error::file("write", &parameters))?;
    // It is there from the case before, if that gave a value.
    let _ = std::fs::remove_file(&output);
    let mut command = Command::new(&arguments.renderer);
    command.arg(format!("@{}", parameters.display()));
    let ended = command.stdin(Stdio::null()).output();
    let ended = ended.map_err(Error::file("run", &arguments.renderer))?;
    let said = String::from_utf8_lossy(&ended.stderr);
    Ok(match ended.status.code() {
        Some(0) => Outcome::Value(compact(&crate::read(&output)?)),
        Some(code) if code == windlass_report::Exit::Input as i32 => Outcome::Failed(cause(&said)),
        _ => Outcome::Broken(format!("{}: {}", ended.status, cause(&said))),
    })
}

/// The line that says why.
fn cause(said: &str) -> String {
    let line = said.lines().find_map(|line| line.strip_prefix("cause: "));
    line.or_else(|| said.lines().next())
        .unwrap_or_default()
        .to_owned()
}
