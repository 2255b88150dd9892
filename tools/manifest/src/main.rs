//! Makes the final manifest of one object: an action of `k8s_object`.

use std::process::ExitCode;

use windlass_manifest::{cli, resolve};
use windlass_report::{Exit, fail};

fn main() -> ExitCode {
    let arguments = match windlass_param_file::parse::<cli::Arguments>(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(windlass_param_file::Error::Usage(usage)) => usage.exit(),
        Err(error) => return fail(&error),
    };
    let cli::Command::Resolve(arguments) = arguments.command;
    match resolve::run(&arguments) {
        Ok(()) => Exit::Success.into(),
        Err(error) => fail(&error),
    }
}
