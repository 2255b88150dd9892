//! `bazel run //:tour`: see the library.

use std::process::ExitCode;

use windlass_rendered::environment::Environment;
use windlass_report::{Exit, fail};

#[tokio::main(worker_threads = 1)]
async fn main() -> ExitCode {
    let environment = Environment::read();
    environment.interrupt.watch();
    let argv0 = std::env::args_os().next();
    match windlass_tour::run(argv0.as_deref(), &environment) {
        Ok(()) => Exit::Success.into(),
        Err(error) => fail(&error),
    }
}
