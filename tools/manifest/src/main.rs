//! Makes the final manifest of one object: actions of `k8s_object` and `pin`.

use std::process::ExitCode;

use windlass_manifest::{cli, run};
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
