//! A rendering whose outputs are told, not written: what a test compares.

use std::path::Path;

use windlass_report::render;

use crate::process::Process;
use crate::protocol::{WorkRequest, WorkResponse};
use crate::worker::label;
use crate::{Error, Limits};

/// What a rendering says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The text of each output; or the error, as a user reads it.
    pub outcome: Result<Vec<String>, String>,
    /// What `std.trace` said, `trace: text` each.
    pub traces: Vec<String>,
}

/// Lets a process of its own render what a command line says, within the limits. `program` is one
/// that evaluates if its first argument is `--evaluator`, see [`crate::serve`].
///
/// # Errors
/// The program cannot be started.
pub fn told(program: &Path, limits: Limits, words: Vec<String>) -> std::io::Result<Told> {
    let request = WorkRequest {
        arguments: words,
        tell: true,
        ..WorkRequest::default()
    };
    let answer = Process::start(program, limits)?.ask(&request, limits.deadline());
    Ok(match answer {
        Ok(response) => of(response),
        Err(cause) => {
            let label = label(&request);
            Told {
                outcome: Err(render(&Error::Render { label, cause })),
                traces: Vec::new(),
            }
        }
    })
}

fn of(response: WorkResponse) -> Told {
    Told {
        outcome: match response.exit_code {
            0 => Ok(response.texts),
            _ => Err(response.output),
        },
        traces: response.traces,
    }
}
