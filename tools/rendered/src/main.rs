//! `bazel run //:rendered`, and what a `manifest_diff_test` runs: see the library.

use std::process::ExitCode;

use windlass_rendered::{environment::Environment, run};
use windlass_report::{fail, print};

#[tokio::main(worker_threads = 1)]
async fn main() -> ExitCode {
    let environment = Environment::read();
    environment.interrupt.watch();
    let arguments = std::env::args_os().collect();
    match run(arguments, &environment) {
        Ok(outcome) => match print(outcome.data.as_bytes()) {
            Ok(()) => outcome.exit.into(),
            Err(_) => windlass_report::Exit::Failure.into(),
        },
        Err(error) => fail(&error),
    }
}
