//! One rendering, in this process: the form without a worker.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use windlass_report::{Explain as _, render as text, say};

use crate::bounds::{Words, bound};
use crate::cli::Arguments;
use crate::{Cause, Error, Limits, Request, evaluate, output};

/// Renders what the arguments say, within the limits, which hold for this process from now on.
pub fn render_bounded(arguments: Arguments, limits: Limits) -> Result<(), Error> {
    let error = |cause| Error::Render {
        label: arguments.label.clone(),
        cause,
    };
    let memory = error(Cause::Memory {
        megabytes: limits.memory_mb,
    });
    let depth = error(Cause::Depth);
    let words = Words {
        memory: text(&memory),
        depth: text(&depth),
        exit: depth.exit() as u8,
    };
    bound(limits, Some(words));
    render(arguments, limits)
}

/// Renders what the arguments say, and writes the outputs when all of them could be rendered.
/// What `std.trace` said goes to stderr, line by line.
pub fn render(arguments: Arguments, limits: Limits) -> Result<(), Error> {
    let label = arguments.label.clone();
    let (send, done) = channel();
    let thread = std::thread::Builder::new().stack_size(limits.stack());
    let rendering = thread.spawn(move || {
        let rendered = Request::try_from(&arguments).map(|request| evaluate(&request));
        let _ = send.send(rendered);
    });
    rendering.map_err(Error::Thread)?;
    let cause = match done.recv_timeout(Duration::from_secs(limits.seconds)) {
        Ok(rendered) => {
            let rendered = rendered?;
            rendered.traces.iter().for_each(|line| say(line));
            return output::write(&label, rendered.files);
        }
        Err(RecvTimeoutError::Timeout) => Cause::Time {
            seconds: limits.seconds,
        },
        Err(RecvTimeoutError::Disconnected) => Cause::Ended {
            status: "it panicked".to_owned(),
            words: Vec::new(),
        },
    };
    Err(Error::Render { label, cause })
}
