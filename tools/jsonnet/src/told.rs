//! A rendering whose outputs are told, not written: what a test compares.

use std::path::Path;

use serde::{Deserialize, Serialize};
use windlass_report::render;
use windlass_worker::WorkRequest;

use crate::process::Process;
use crate::worker::label;
use crate::{Error, Limits, Rendered, output};

/// What a rendering says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Told {
    /// The text of each output; or the error, as a user reads it.
    pub outcome: Result<Vec<String>, String>,
    /// What `std.trace` said, `trace: text` each.
    pub traces: Vec<String>,
}

impl Told {
    /// What the rendering of a target says.
    pub(crate) fn of(label: &str, rendered: Rendered) -> Self {
        let files = output::all(label, rendered.files).map_err(|error| render(&error));
        Self {
            outcome: files.map(|files| files.into_iter().map(|(_, text)| text).collect()),
            traces: rendered.traces,
        }
    }

    /// For [`told`], from one process to the other.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).expect("its keys are strings")
    }
}

/// Lets a process of its own render what a command line says, within the limits. `program` is one
/// that evaluates if its first argument is `--evaluator`, see [`crate::serve`].
///
/// # Errors
/// The program cannot be started.
pub fn told(program: &Path, limits: Limits, words: Vec<String>) -> std::io::Result<Told> {
    let request = WorkRequest {
        arguments: words,
        ..WorkRequest::default()
    };
    let mut process = Process::start_with(program, limits, &["--tell"])?;
    let refused = |text| Told {
        outcome: Err(text),
        traces: Vec::new(),
    };
    Ok(match process.ask(&request, limits.deadline()) {
        // Of a command line that is no request there is nothing to tell.
        Ok(answer) => {
            serde_json::from_str(&answer.output).unwrap_or_else(|_| refused(answer.output))
        }
        Err(cause) => {
            let label = label(&request);
            refused(render(&Error::Render { label, cause }))
        }
    })
}
