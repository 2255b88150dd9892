//! One rendering, in this process: the form without a worker.

use std::sync::mpsc::{RecvTimeoutError, channel};

use windlass_report::{Explain as _, render as text, say};

use crate::bounds::{self, LastWords, bound_with};
use crate::cli::Arguments;
use crate::evaluate::linger;
use crate::limits::Deadline;
use crate::{Cause, Error, Limits, Request, evaluate, output};

/// Renders what the arguments say, within the limits, which hold for this process from now on.
pub fn render_bounded(arguments: &Arguments, limits: Limits) -> Result<(), Error> {
    let error = |cause| Error::Render {
        label: arguments.label.clone(),
        cause,
    };
    let memory = error(Cause::Memory {
        megabytes: limits.memory_mb,
    });
    let depth = error(Cause::Depth);
    let last_words = LastWords {
        memory: text(&memory),
        depth: text(&depth),
        exit: depth.exit() as u8,
    };
    bound_with(last_words);
    let deadline = limits.deadline();
    let request = Request::try_from(arguments)?;
    bounds::memory(limits.memory(request.sources.size()));
    render(request, limits, deadline)
}

/// Renders, and writes the outputs when all of them could be rendered. What `std.trace` said goes
/// to stderr, line by line.
pub fn render(request: Request, limits: Limits, deadline: Deadline) -> Result<(), Error> {
    let label = request.label.clone();
    let (send, done) = channel();
    let thread = std::thread::Builder::new().stack_size(limits.stack());
    let rendering = thread.spawn(move || {
        let _ = send.send(evaluate(&request));
        linger();
    });
    rendering.map_err(Error::Thread)?;
    let cause = match done.recv_timeout(deadline.left()) {
        Ok(rendered) => {
            rendered.traces.iter().for_each(|line| say(line));
            return output::write(&label, rendered.files);
        }
        Err(RecvTimeoutError::Timeout) => deadline.missed(),
        Err(RecvTimeoutError::Disconnected) => Cause::Ended {
            status: "it panicked".to_owned(),
            words: Vec::new(),
        },
    };
    Err(Error::Render { label, cause })
}
