//! Makes the final manifest of one object, and checks objects: actions of `k8s_object`,
//! `k8s_objects` and `pin`, or a worker of Bazel for many of them.

use std::ffi::OsString;
use std::process::ExitCode;

use windlass_manifest::{Known, cli, run, work};
use windlass_report::{Exit, fail, say};

fn main() -> ExitCode {
    let mut words: Vec<OsString> = std::env::args_os().collect();
    if windlass_worker::is_persistent(&mut words) {
        let done = work(&words, std::io::stdin(), std::io::stdout());
        return done.map_or_else(|error| fail(&error), |()| Exit::Success.into());
    }
    let arguments = match windlass_param_file::parse::<cli::Arguments>(words) {
        Ok(arguments) => arguments,
        Err(windlass_param_file::Error::Usage(usage)) => usage.exit(),
        Err(error) => return fail(&error),
    };
    match run(&arguments, &mut Known::default()) {
        Ok(notes) => {
            for note in &notes {
                say(note);
            }
            Exit::Success.into()
        }
        Err(error) => fail(&error),
    }
}
