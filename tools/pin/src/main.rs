//! Writes and lists pins: `bazel run //tools/pin -- list`.

use std::process::ExitCode;

use clap::Parser as _;
use windlass_pin::{cli::Cli, environment::Environment, run};
use windlass_report::{Exit, fail};

// The other thread is for signals, while this one waits for Bazel.
#[tokio::main(worker_threads = 1)]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // Fails only if one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (argv0, environment) = (std::env::args_os().next(), Environment::read());
    match run(argv0.as_deref(), &cli, &environment, &mut std::io::stdout()).await {
        Ok(()) => Exit::Success.into(),
        Err(error) => fail(&error),
    }
}
