//! What a `k8s_apply_test` runs: see the library.

use std::process::ExitCode;

use clap::Parser as _;
use windlass_apply_test::{PATIENCE, cli::Cli, environment::Environment, run};
use windlass_report::{Exit, fail};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let (argv0, cli) = (std::env::args_os().next(), Cli::parse());
    match run(argv0.as_deref(), &cli, &Environment::read(), PATIENCE).await {
        Ok(()) => Exit::Success.into(),
        Err(error) => fail(&error),
    }
}
