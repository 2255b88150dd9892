//! The local cluster's program: see the library.

use std::process::ExitCode;

use windlass_cluster::{cli, environment::Environment};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    match cli::run(arguments, &Environment::read()) {
        Ok(code) => code,
        Err(error) => windlass_report::fail(&error),
    }
}
