//! The tool as a worker of Bazel: one process for the actions of many targets.

use std::ffi::OsString;
use std::io::{Read, Write};

use windlass_report::{Explain, render};
use windlass_worker::{Answer, Error, serve};

use crate::cli::Arguments;
use crate::{Known, run};

/// Does what each request says; `words` are what the worker was started with.
///
/// # Errors
/// Nobody asks as Bazel does, or nobody reads what becomes of it.
pub fn work(words: &[OsString], requests: impl Read, responses: impl Write) -> Result<(), Error> {
    let mut known = Known::default();
    serve(
        words,
        requests,
        responses,
        |words| match windlass_param_file::parse::<Arguments>(words) {
            Err(error) => refused(&error),
            Ok(arguments) => match run(&arguments, &mut known) {
                Err(error) => refused(&error),
                Ok(notes) => Answer {
                    exit_code: 0,
                    output: notes.iter().map(|note| note.clone() + "\n").collect(),
                },
            },
        },
    )
}

fn refused(error: &dyn Explain) -> Answer {
    Answer {
        exit_code: error.exit() as u8,
        output: render(error),
    }
}
