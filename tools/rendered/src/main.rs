//! `bazel run //:rendered`, and what a `manifest_diff_test` runs: see the library.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use windlass_rendered::{environment::Environment, run};
use windlass_report::{fail, print};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // Ctrl-C reaches Bazel and git too: they end, and this process tidies up behind them.
    let _interrupts = signal(SignalKind::interrupt());
    let arguments = std::env::args_os().collect();
    match run(arguments, &Environment::read()) {
        Ok(outcome) => match print(outcome.data.as_bytes()) {
            Ok(()) => outcome.exit.into(),
            Err(_) => windlass_report::Exit::Failure.into(),
        },
        Err(error) => fail(&error),
    }
}
