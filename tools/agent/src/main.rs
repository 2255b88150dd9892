//! Publishes what the main branch says, or applies it: `bazel run //tools/agent -- --apply`.

use std::process::ExitCode;

use clap::Parser as _;
use windlass_agent::{cli::Cli, environment::Environment, run};
use windlass_report::{Exit, fail};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // Fails only if one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (argv0, environment) = (std::env::args_os().next(), Environment::read());
    match run(argv0.as_deref(), &cli, &environment).await {
        Ok(()) => Exit::Success.into(),
        Err(error) => fail(&*error),
    }
}
