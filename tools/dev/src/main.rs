//! `bazel run //services/client:myns.dev`: see the library.

use std::process::ExitCode;

use windlass_dev::{environment::Environment, run};
use windlass_report::{Exit, fail, print};

#[tokio::main(worker_threads = 1)]
async fn main() -> ExitCode {
    // Fails only if one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let environment = Environment::read();
    environment.interrupt.watch();
    let arguments = std::env::args_os().collect();
    match run(arguments, &environment).await {
        Ok(text) => match print(text.as_bytes()) {
            Ok(()) => Exit::Success.into(),
            Err(_) => Exit::Failure.into(),
        },
        Err(error) => fail(&error),
    }
}
