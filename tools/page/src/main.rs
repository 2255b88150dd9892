//! `bazel run //tools/page -- --env prod`: see the library.

use std::process::ExitCode;

use windlass_deployments::{environment::Environment, run};
use windlass_report::{Exit, fail, print};

#[tokio::main(worker_threads = 1)]
async fn main() -> ExitCode {
    let environment = Environment::read();
    environment.around.interrupt.watch();
    match run(std::env::args_os().collect(), &environment) {
        Ok(data) => match print(data.as_bytes()) {
            Ok(()) => Exit::Success.into(),
            Err(_) => Exit::Failure.into(),
        },
        Err(error) => fail(&error),
    }
}
