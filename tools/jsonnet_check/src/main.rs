//! Checks Jsonnet: see the library.

use std::process::ExitCode;

use windlass_jsonnet_check::{Environment, run};
use windlass_report::{Exit, fail};

fn main() -> ExitCode {
    match run(std::env::args_os(), &Environment::read()) {
        Ok(()) => Exit::Success.into(),
        Err(error) => fail(&error),
    }
}
