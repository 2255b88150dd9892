//! Renders one Jsonnet source to JSON files: an action of `jsonnet_to_json`.

use std::process::ExitCode;

use windlass_jsonnet::{cli, run};
use windlass_report::{Exit, fail};

fn main() -> ExitCode {
    let arguments = match windlass_param_file::parse::<cli::Arguments>(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(windlass_param_file::Error::Usage(usage)) => usage.exit(),
        Err(error) => return fail(&error),
    };
    match run(&arguments) {
        Ok(()) => Exit::Success.into(),
        Err(error) => fail(&error),
    }
}
